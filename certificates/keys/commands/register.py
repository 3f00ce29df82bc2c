"""``kaowu keys list | rotate | compromise | withdraw``: the register from the shell, by people who sign in for it."""

from __future__ import annotations

import argparse
import json
import time
from datetime import datetime
from hashlib import sha256
from pathlib import Path
from typing import Final

import msgspec

from certificates.keys import actions, queries
from certificates.keys.rules.purposes import PURPOSE_LABELS, Purpose
from certificates.keys.rules.register import STATE_LABELS, Key
from certificates.keys.rules.ring import Entry, read
from certificates.keys.signer import CannotSign, open_entry, ring_of, take_over, try_out
from certificates.keys.signer.ceremony import LOG
from exam.accounts.commands import sign_in
from exam.kernel.clock import CHINA
from exam.kernel.errors import N_, Invalid
from exam.kernel.files import write_whole
from exam.kernel.i18n import translate
from exam.kernel.services import Services
from exam.kernel.settings import Settings

_FILES: Final = ("certificate", "key", "pin_file", "secret_file", "client_certificate", "client_key", "authority")


class NoTime(Invalid):
    """Not an instant."""

    message = N_("“%(text)s”不是时间。")
    way_out = N_("请写成 2026-05-16T09:00（中国时间）。")


async def listing(services: Services, arguments: argparse.Namespace) -> int:
    """Print every key of the register."""
    async with services.db.transaction() as session:
        found = await queries.keys(session)
    now = services.clock.now()
    if arguments.json:
        print(json.dumps({"keys": [as_json(one, now) for one in found]}, ensure_ascii=False, indent=2))
        return 0
    for one in found:
        state, purpose = translate(STATE_LABELS[one.state(now)]), translate(PURPOSE_LABELS[one.purpose])
        print(
            f"{one.name}  {purpose}  {state}  {one.algorithm}  {one.backend}  → {one.valid_to.astimezone(CHINA):%Y-%m-%d}"
        )
    if not found:
        print(translate(N_("还没有登记的密钥。")))
    return 0


async def rotate(services: Services, arguments: argparse.Namespace) -> int:
    """Bring keys into force; says how long it took. Run again after a cut it goes on where it stood."""
    began = time.monotonic()
    source, settings = arguments.ring.absolute(), services.settings
    wanted = entries_of(source, arguments.name)
    actor = await sign_in(services, arguments)
    for entry in wanted:
        try_out(open_entry(entry, source.parent))
    log = source.parent / LOG
    ceremony = _sha256(log) if log.exists() else ""
    for entry in wanted:
        _bring(entry, source.parent, settings.ring.parent)
        signer = open_entry(entry, settings.ring.parent)
        async with services.db.transaction() as session:
            await actions.register(
                session, actor, signer, name=entry.name, purpose=entry.purpose, backend=entry.backend,
                now=services.clock.now(), ceremony_sha256=ceremony,
            )  # fmt: skip
        _keep_present(settings)
        take_over(settings, entry)
    seconds = round(time.monotonic() - began, 1)
    if arguments.json:
        print(json.dumps({"keys": [one.name for one in wanted], "seconds": seconds}, ensure_ascii=False))
    else:
        print(
            translate(
                N_("已启用：%(names)s（%(seconds)s 秒）"), names="、".join(one.name for one in wanted), seconds=seconds
            )
        )
    return 0


async def compromise(services: Services, arguments: argparse.Namespace) -> int:
    """Report a key as lost. Status 0: two people stand for it, 1: stopped, the second is still missing."""
    actor, now = await sign_in(services, arguments), services.clock.now()
    cut_off = instant(arguments.cut_off) if arguments.cut_off else None
    async with services.db.transaction() as session:
        found = await actions.report(
            session, actor, name=arguments.name, cut_off=cut_off, reason=arguments.reason, now=now
        )
    return _say(found, now, arguments, 0 if found.report and found.report.second_at else 1)


async def withdraw(services: Services, arguments: argparse.Namespace) -> int:
    """Take a mistaken report back."""
    actor, now = await sign_in(services, arguments), services.clock.now()
    async with services.db.transaction() as session:
        found = await actions.withdraw(session, actor, name=arguments.name, reason=arguments.reason, now=now)
    return _say(found, now, arguments, 0)


def entries_of(source: Path, name: str) -> list[Entry]:
    """The entries of a ring file that are wanted; raises `CannotSign`."""
    try:
        found = [one for one in read(source.read_bytes()).keys if name in ("", one.name)]
    except (OSError, msgspec.DecodeError) as error:
        raise CannotSign(reason=f"{source.name}: {error}") from None
    if not found:
        raise CannotSign(reason=f"{source.name}: {name}")
    return found


def instant(text: str) -> datetime:
    """An instant as people write it; without an offset it is China's time."""
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        raise NoTime(text=text) from None
    return found if found.tzinfo else found.replace(tzinfo=CHINA)


def as_json(found: Key, now: datetime) -> dict[str, object]:
    """A key as ``--json`` shows it."""
    return {
        "name": found.name,
        "purpose": str(found.purpose),
        "state": str(found.state(now)),
        "algorithm": found.algorithm,
        "backend": found.backend,
        "specimen": found.specimen,
        "certificate_sha256": found.certificate_sha256,
        "valid_to": found.valid_to.isoformat(),
        "retired_at": found.retired_at.isoformat() if found.retired_at else None,
        "cut_off": found.report.cut_off.isoformat() if found.report else None,
    }


def _bring(entry: Entry, source: Path, target: Path) -> None:
    """Copy the files that an entry names to where the ring is, unless they are there; never over another one."""
    target.mkdir(parents=True, exist_ok=True, mode=0o700)
    for name in _FILES:
        text = getattr(entry, name)
        if not text or (name == "key" and entry.backend == "remote"):
            continue
        here, there = source / text, target / text
        if there.exists():
            if there.read_bytes() != here.read_bytes():
                raise CannotSign(reason=f"{there.name}: exists")
            continue
        write_whole(there, here.read_bytes(), 0o600)


def _keep_present(settings: Settings) -> None:
    """A key that signed before there was a ring stays in it: what it signed stays valid."""
    if ring_of(settings).keys or settings.signer_key is None or settings.signer_certificate is None:
        return
    before = Entry(
        name="before",
        purpose=Purpose.DOCUMENT,
        certificate=str(settings.signer_certificate),
        key=str(settings.signer_key),
    )
    take_over(settings, before)


def _say(found: Key, now: datetime, arguments: argparse.Namespace, status: int) -> int:
    if arguments.json:
        print(json.dumps(as_json(found, now), ensure_ascii=False, indent=2))
    else:
        print(f"{found.name}  {translate(STATE_LABELS[found.state(now)])}")
    return status


def _sha256(path: Path) -> str:
    return sha256(path.read_bytes()).hexdigest()
