"""``kaowu platform``: the built-in registry as a process of its own, and batch files handed to it.

``serve`` answers on its own port until stopped; ``receive FILE`` does what an officer does on a platform's web page:
hands in a batch file and writes the receipt file beside it.
"""

from __future__ import annotations

import argparse
import asyncio
import signal
from pathlib import Path
from typing import Any

import httpx
import uvicorn

from certificates.registry.server import Registry, registry_key
from exam.kernel.errors import N_, Refusal
from exam.kernel.i18n import translate
from exam.kernel.services import Services

PORT_AFTER_THE_SITE = 1


class FileRefused(Refusal):
    """The registry did not take the file."""

    message = N_("平台没有接收文件 %(name)s：%(reason)s")


def add_commands(
    commands: Any, common: argparse.ArgumentParser
) -> tuple[argparse.ArgumentParser, argparse.ArgumentParser]:
    """Add ``kaowu platform serve|receive``; returns the two parsers, for wiring."""
    group = commands.add_parser("platform", help=translate(N_("内置登记平台与学分银行")))
    verbs = group.add_subparsers(required=True, metavar="COMMAND")
    serving = verbs.add_parser("serve", parents=[common], help=translate(N_("启动内置登记平台")))
    serving.add_argument("--host", default=None)
    serving.add_argument("--port", type=int, default=None)
    receiving = verbs.add_parser("receive", parents=[common], help=translate(N_("提交上报文件，取回回执文件")))
    receiving.add_argument("file", type=Path)
    receiving.add_argument("--out", type=Path, default=None)
    return serving, receiving


def port_of(services: Services) -> int:
    """The registry's port: the one of KAOWU_PLATFORM_PORT, else the one after the site's."""
    return services.settings.platform_port or services.settings.port + PORT_AFTER_THE_SITE


async def serve(services: Services, arguments: argparse.Namespace) -> int:
    """Answer until stopped."""
    host, port = arguments.host or services.settings.host, arguments.port or port_of(services)
    print(
        translate(N_("内置登记平台已启动：%(address)s （按 Ctrl+C 停止）"), address=f"http://{host}:{port}"), flush=True
    )
    await serve_registry(services, host=host, port=port)
    return 0


async def serve_registry(services: Services, *, host: str, port: int) -> None:
    """The server itself, until SIGTERM or Ctrl+C."""
    app: Any = Registry().of(services)  # uvicorn and Litestar write the same protocol down differently
    server = uvicorn.Server(
        uvicorn.Config(app, host=host, port=port, log_level="warning", server_header=False, lifespan="off")
    )
    signal.signal(signal.SIGTERM, lambda *_: None)  # uvicorn stops on it and then raises it again
    await server.serve()


async def receive(services: Services, arguments: argparse.Namespace) -> int:
    """Hand in a batch file, write the receipt file."""
    data = await asyncio.to_thread(arguments.file.read_bytes)
    transport: Any = None
    address = services.settings.platform_url or "http://registry.internal"
    if not services.settings.platform_url:
        transport = httpx.ASGITransport(app=Registry().of(services))  # type: ignore[arg-type]
    headers = {"Authorization": f"Bearer {registry_key(services).decode()}"}
    async with httpx.AsyncClient(transport=transport, timeout=60) as client:
        answer = await client.post(f"{address}/certificates/files", content=data, headers=headers)
    if answer.status_code != httpx.codes.OK:
        raise FileRefused(name=arguments.file.name, reason=answer.text[:200])
    out = arguments.out or arguments.file.with_name(f"{arguments.file.stem}-回执.xlsx")
    await asyncio.to_thread(out.write_bytes, answer.content)
    print(out)
    return 0
