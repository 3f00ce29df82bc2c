"""The demo's two witnesses: servers of their own with keys and folders of their own, as other bodies would run them."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator, Iterator
from dataclasses import replace
from typing import Final

import uvicorn

from certificates.ledger.commands.witness import open_witness
from certificates.ledger.rules.policy import Group, Policy, Witness, written
from certificates.ledger.signer import origin_of, verifier
from exam.kernel.settings import Settings

NAMES: Final = ("w1.witness.example", "w2.witness.example")


class _Quiet(uvicorn.Server):
    """A server beside others: signals are the demo's."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


@contextlib.asynccontextmanager
async def witnessed(settings: Settings) -> AsyncIterator[Settings]:
    """Settings whose ledger two running witnesses watch; one that names witnesses of its own is left alone."""
    if settings.ledger_witnesses is not None:
        yield settings
        return
    folder = settings.home / "witnesses"
    log = verifier(settings, origin_of(settings)).vkey
    servers: list[_Quiet] = []
    running: list[asyncio.Task[None]] = []
    witnesses: list[Witness] = []
    for name in NAMES:
        app = open_witness(name, folder / name, [log])
        own = socket.create_server(("127.0.0.1", 0))
        config = uvicorn.Config(app, log_level="warning", lifespan="off", access_log=False)
        servers.append(_Quiet(config))
        running.append(asyncio.create_task(servers[-1].serve([own])))
        address = f"http://127.0.0.1:{own.getsockname()[1]}"
        witnesses.append(Witness(name.split(".")[0], app.witness.verifier, address))
    members = tuple(one.name for one in witnesses)
    policy = Policy(witnesses=tuple(witnesses), groups=(Group("both", len(members), members),), quorum="both")
    path = folder / "policy.txt"
    path.write_text(written(policy), "utf-8")
    try:
        yield replace(settings, ledger_witnesses=path)
    finally:
        for one in servers:
            one.should_exit = True
        await asyncio.gather(*running, return_exceptions=True)
