"""``kaowu demo``: make the province, carry the batch, write the report, serve the pages."""

import argparse
import asyncio
import json
import sys
from pathlib import Path

from exam import serving
from exam.demo import ground, road
from exam.demo.memory import PeakMemory
from exam.demo.platform import served
from exam.demo.progress import Progress, width
from exam.demo.record import DemoRecord, read_record, write_record
from exam.demo.report import write_report
from exam.demo.witnesses import NAMES, witnessed
from exam.kernel.errors import N_
from exam.kernel.i18n import translate
from exam.kernel.postgres import ensure_server
from exam.kernel.services import Services, make_services
from exam.kernel.settings import Settings
from exam.migrations import upgrade

CANDIDATES = 300


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the demo's options to its parser."""
    parser.add_argument("--candidates", type=_count, default=CANDIDATES, metavar="N", help=translate(N_("考生人数")))
    parser.add_argument(
        "--seed", type=int, default=1, metavar="S", help=translate(N_("随机种子：同样的种子得到同样的人和分数"))
    )
    parser.add_argument("--no-serve", action="store_true", help=translate(N_("走完后不启动网站")))
    parser.add_argument("--out", type=Path, metavar="DIR", help=translate(N_("把报告、证书和打印材料写入此目录")))


def _count(text: str) -> int:
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError(translate(N_("至少 1 人")))
    return number


def main(options: argparse.Namespace) -> int:
    """Run the command and return its exit status."""
    settings = Settings.load()
    settings = settings.with_database(ensure_server(settings))
    with PeakMemory() as peak:
        record = asyncio.run(_build(settings, options, peak))
    if options.json:
        print(json.dumps(record.as_json(), ensure_ascii=False, indent=2), flush=True)
    else:
        _show(record, served=not options.no_serve)
    if not options.no_serve:
        asyncio.run(_serve(settings, options))
    return 0


async def _build(settings: Settings, options: argparse.Namespace, peak: PeakMemory) -> DemoRecord:
    """Carry the batch, unless the very same demo already stands and nothing is to be written."""
    standing = read_record(settings.home)
    if standing and standing.fits(options.candidates, options.seed) and options.out is None:
        return standing
    progress = Progress(stream=sys.stderr if options.json else sys.stdout)
    progress.say()
    with progress.step("prepare", N_("准备数据库")):
        await ground.clear(settings)
        await asyncio.to_thread(upgrade, settings.database_url)
    async with served(settings) as offered, witnessed(offered) as connected:
        services = make_services(connected)
        try:
            result = await road.travel(
                services, progress, candidates=options.candidates, seed=options.seed, out=options.out
            )
            if options.out is not None:
                await write_report(services, result, progress, options.out, peak)
            write_record(settings.home, result.record)
            return result.record
        except BaseExceptionGroup as group:  # the batch and its printing run side by side: one of them is the reason
            raise group.exceptions[0] from None
        finally:
            await services.db.dispose()


def _show(record: DemoRecord, *, served: bool) -> None:
    """Print one sign-in per role and the public page of one certificate."""
    print()
    print(
        translate(
            N_("  每个角色一个登录账号（%(address)s/sign-in）：") if served else N_("  每个角色一个登录账号："),
            address=record.base_url,
        )
    )
    roles = [translate(account.role) for account in record.accounts]
    column = max(map(width, roles), default=0) + 2
    for role, account in zip(roles, record.accounts, strict=True):
        print(f"    {role}{' ' * (column - width(role))}{account.login:<20}{account.secret}")
    print()
    if record.certificate_url:
        print(translate(N_("  一张证书的公开查验页：%(address)s"), address=record.certificate_url))
    print(flush=True)


async def _serve(settings: Settings, options: argparse.Namespace) -> None:
    """Serve the pages and do the background work until stopped."""
    async with (
        served(settings, port=settings.platform_port or settings.port + 1) as offered,
        witnessed(offered) as connected,
    ):
        services: Services = make_services(connected)
        if not options.json:
            print(translate(N_("  网站已启动：%(address)s （按 Ctrl+C 停止）"), address=settings.base_url), flush=True)
            print(translate(N_("  内置登记平台：%(address)s"), address=connected.platform_url), flush=True)
            ledger = f"{settings.base_url}/ledger"
            print(
                translate(N_("  登记簿：%(address)s （见证方 %(names)s）"), address=ledger, names="、".join(NAMES)),
                flush=True,
            )
        try:
            await serving.serve(services, host=settings.host, port=settings.port)
        finally:
            await services.db.dispose()
