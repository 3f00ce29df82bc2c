"""Case `platform`: forty scripts of a platform that behaves badly, over simulated weeks with make-up days, against the real server code
over HTTP. Every certificate must be there exactly once, in time, with the receipt the platform has.

Keys: `scripts`, `certificates`, `missing` (not there, or there in force though revoked), `doubled` (two versions of a number in force, or a receipt
that is not the platform's), `late` (registered after the 7th working day), `repeated` (sent again though it was there, where the look-up did not
lie), `differences` (what the comparison still finds), `requests`, and `failed`: the scripts by name in which anything of it happened.
"""

from __future__ import annotations

import asyncio
import hashlib
import hmac
from collections import Counter
from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import Any, Final
from uuid import UUID, uuid4

import httpx
from sqlalchemy import text

from benchmarks.installation import installation
from benchmarks.platform_scripts import SCRIPTS, OurEnd, Script, ScriptedLine
from certificates.platform import actions, jobs, queries
from certificates.platform.actions import ToRegister
from certificates.platform.client import HttpPlatform, Line
from certificates.platform.rules import PlatformRecord, PlatformStatus
from certificates.registry.server import SIGNATURE, Registry, registry_key
from exam.accounts.rules import SYSTEM
from exam.app import create_app
from exam.kernel.clock import FixedClock, china_date
from exam.kernel.db import chunks
from exam.kernel.services import Services, make_services
from exam.kernel.settings import Settings
from exam.kernel.workdays import add_workdays

_STEP: Final = timedelta(minutes=30)
_WEEKS: Final = timedelta(weeks=5)
_QUIET: Final = timedelta(hours=26)
_ORGANISATION, _BATCH = UUID(int=1), UUID(int=2)


def platform() -> dict[str, Any]:
    """Run every script on an installation of its own."""
    with installation() as made:
        return asyncio.run(_all(Settings(home=made.home, database_url=made.url)))


async def _all(settings: Settings) -> dict[str, Any]:
    clock = FixedClock(datetime.fromisoformat(SCRIPTS[0].issued))
    services = make_services(settings, clock=clock)
    app: Any = create_app(services)
    total: Counter[str] = Counter()
    failed: list[str] = []
    try:
        for script in SCRIPTS:
            found = await _World(script, services, clock, app).run()
            total.update(found)
            if any(found[name] for name in ("missing", "doubled", "late", "repeated", "differences")):
                failed.append(f"{script.name}: {found}")
    finally:
        await services.db.dispose()
    keys = ("certificates", "missing", "doubled", "late", "repeated", "differences", "requests")
    return {"scripts": len(SCRIPTS), **{key: total[key] for key in keys}, "failed": failed}


class _World:
    """One script: certificates issued, the sweep every half hour, an officer who fixes what came back."""

    def __init__(self, script: Script, services: Services, clock: FixedClock, app: Any) -> None:
        self.script, self.services, self.clock, self.app = script, services, clock, app
        clock.at = datetime.fromisoformat(script.issued)
        server: Any = Registry().of(services)
        self.line = ScriptedLine(script, clock, httpx.ASGITransport(app=server))
        address = "http://registry.internal"
        self.client = HttpPlatform(Line(address, registry_key(services), name="scripted", transport=self.line))
        self.ids: dict[str, UUID] = {}
        self.revoked: set[str] = set()
        self.renewed: set[str] = set()

    async def run(self) -> Counter[str]:
        """Until everything is through and quiet, or the weeks are over."""
        await self._clear()
        await self._issue([f"N{n:04}" for n in range(self.script.certificates)], version=1)
        issued, quiet_since = self.clock.now(), self.clock.now()
        while self.clock.now() < issued + _WEEKS and self.clock.now() < quiet_since + _QUIET:
            since = self.clock.now() - issued
            await self._meanwhile(since)
            await self._call_back()
            await self._sweep()
            if await self._open() or self.line.traffic.late or since < _last_event(self.script):
                quiet_since = self.clock.now()
            self.clock.advance(_STEP)
        await self._settle()
        return await self._judge()

    async def _clear(self) -> None:
        async with self.services.db.transaction() as session:
            await session.execute(text("DELETE FROM certificates.platform_differences"))
            await session.execute(text("DELETE FROM certificates.platform_reconciliations"))
            await session.execute(text("DELETE FROM certificates.platform_registrations"))
            for table in ("records", "submissions"):
                await session.execute(text(f"DELETE FROM platform.{table}"))

    async def _issue(self, numbers: list[str], *, version: int) -> None:
        today = china_date(self.clock.now())
        items = []
        for number in numbers:
            id = uuid4()
            if version > 1:
                async with self.services.db.transaction() as session:
                    await actions.mark_renewed(session, self.ids[number])
            self.ids[number] = id
            record = replace(_RECORD, number=number, version=version, issued_on=today, holder_name=f"考生{number}")
            items.append(ToRegister(certificate_id=id, batch_id=_BATCH, organisation_id=_ORGANISATION, record=record))
        async with self.services.db.transaction() as session:
            await actions.queue(session, self.services.vault, items, now=self.clock.now())

    async def _meanwhile(self, since: timedelta) -> None:
        """What happens on our side: revocations, corrections, and the officer who fixes on the next day what came back."""
        if self.script.revoke_after is not None and since >= self.script.revoke_after and not self.revoked:
            self.revoked = {"N0001", "N0002"}
            async with self.services.db.transaction() as session:
                for number in sorted(self.revoked):
                    await actions.mark_revoked(session, self.ids[number], reason="查实")
        if self.script.renew_after is not None and since >= self.script.renew_after and not self.renewed:
            self.renewed = {"N0003", "N0004"}
            await self._issue(sorted(self.renewed), version=2)
        if since.seconds == 0 and since.days:
            async with self.services.db.transaction() as session:
                rejected = await queries.lines(
                    session, today=china_date(self.clock.now()), statuses=[PlatformStatus.ROW_REJECTED]
                )
                for line in rejected:
                    await actions.requeue(session, SYSTEM, line.id, now=self.clock.now())

    async def _call_back(self) -> None:
        """Deliver the callbacks whose time has come, to the real application."""
        due = [one for one in self.line.traffic.late if one[0] <= self.clock.now()]
        self.line.traffic.late = [one for one in self.line.traffic.late if one[0] > self.clock.now()]
        for _, raw in due:
            key = b"forged" if self.script.forged else registry_key(self.services)
            signature = hmac.new(key, raw, hashlib.sha256).hexdigest()
            transport = httpx.ASGITransport(app=self.app)
            async with httpx.AsyncClient(transport=transport, base_url="http://office.internal") as client:
                await client.post("/certificates/platform/receipts", content=raw, headers={SIGNATURE: signature})

    async def _sweep(self) -> None:
        async with self.services.db.transaction() as session:
            waiting = await queries.to_send(session, now=self.clock.now())
        try:
            for part in chunks(waiting, jobs.ROWS_TOGETHER):
                await jobs.send(self.services, part, self.client)
        except OurEnd:
            return  # a next process sweeps at the next step

    async def _open(self) -> bool:
        async with self.services.db.transaction() as session:
            counts = await queries.counts(session, today=china_date(self.clock.now()))
            return bool(counts.waiting or counts.rejected or await queries.to_send(session))

    async def _settle(self) -> None:
        """The daily comparison, over a line that works."""
        server: Any = Registry().of(self.services)
        address, transport = "http://registry.internal", httpx.ASGITransport(app=server)
        line = Line(address, registry_key(self.services), name="scripted", transport=transport)
        await jobs.compare_registers(self.services, SYSTEM, HttpPlatform(line))

    async def _judge(self) -> Counter[str]:
        async with self.services.db.transaction() as session:
            theirs = (
                await session.execute(
                    text("SELECT number, version, receipt_no, withdrawn_at IS NULL FROM platform.records")
                )
            ).all()
            ours = await queries.lines(session, today=china_date(self.clock.now()))
            differences = await session.scalar(text("SELECT count(*) FROM certificates.platform_differences"))
        in_force = Counter(number for number, _, _, standing in theirs if standing)
        receipts = {(number, version): receipt for number, version, receipt, _ in theirs}
        numbers = set(self.ids)
        gone = self.revoked
        return Counter(
            certificates=len(numbers),
            missing=len([one for one in sorted(numbers - gone) if one not in in_force])
            + len([one for one in sorted(gone) if one in in_force]),
            doubled=sum(number > 1 for number in in_force.values())
            + len(
                [one for one in ours if one.platform_id and one.platform_id != receipts.get((one.number, one.version))]
            ),
            late=len([one for one in ours if one.accepted_at and china_date(one.accepted_at) > _due(one.issued_on)])
            + len(
                [
                    one
                    for one in ours
                    if one.number not in gone and not one.accepted_at and one.status is not PlatformStatus.WITHDRAWN
                ]
            ),
            repeated=0 if self.script.lies else self.line.traffic.repeated,
            differences=int(differences or 0),
            requests=self.line.traffic.requests,
        )


def _due(issued_on: date) -> date:
    return add_workdays(issued_on, 7).on


def _last_event(script: Script) -> timedelta:
    return max(script.revoke_after or timedelta(0), script.renew_after or timedelta(0)) + _STEP


_RECORD: Final = PlatformRecord(
    number="N", version=1, holder_name="考生", id_type="居民身份证", id_number="999900200001010018", certificate_code="WLG",
    certificate_name="物流管理", level="初级", organisation_code="WL01", organisation_name="样本", institution_name="样本学院",
    batch_code="B", issued_on=date(2026, 5, 15), sha256="0" * 64,
)  # fmt: skip
