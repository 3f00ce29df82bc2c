"""The command line ``kaowu``: serve, work, migrate, demo, check, and the commands that folders bring.

Every command takes ``--json`` and then prints one JSON document on standard output and nothing else there.
Exit status: 0 done, 1 the answer is no (a check failed, a certificate is not genuine), 2 wrong use or a refusal.
"""

import argparse
import asyncio
import gc
import json
import logging
import os
import sys
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

from certificates.archive import commands as archive
from certificates.issuing import commands as issuing
from certificates.issuing.jobs import announced
from certificates.keys import commands as keys
from certificates.ledger import commands as ledger
from certificates.ledger import jobs as ledger_jobs
from certificates.registry import commands as registry
from certificates.verification import commands as verification
from exam import check, demo, serving, worker
from exam.demo.record import read_record
from exam.deployment import commands as deployment
from exam.kernel.errors import N_, Refusal
from exam.kernel.i18n import choose_locale, translate, use_locale
from exam.kernel.postgres import NoServer, ensure_server
from exam.kernel.services import Services, services_of
from exam.kernel.settings import Settings
from exam.migrations import head, upgrade
from scheduling.planning import commands as planning
from scheduling.timetable import commands as timetable

Arguments = argparse.Namespace
Work = Callable[[Services, Arguments], Awaitable[int]]


def main(arguments: Sequence[str]) -> int:
    """Run one command and return its exit status."""
    parsed = parser().parse_args(arguments)
    _collect_less_often()
    logging.basicConfig(level=logging.WARNING, format="%(levelname)s %(name)s: %(message)s")
    with use_locale(choose_locale(os.environ.get("KAOWU_LANGUAGE"))):
        try:
            status = int(parsed.command(parsed))
            sys.stdout.flush()
            return status
        except BrokenPipeError:  # `kaowu … | head`: nobody reads on
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            return _NOBODY_READS
        except Refusal as refusal:
            return _complain(translate(refusal.message, **refusal.facts))
        except NoServer as missing:
            return _complain(str(missing))
        except KeyboardInterrupt:
            return 130


_NOBODY_READS = 141
"""What a shell says of a program that SIGPIPE ended."""


def _collect_less_often() -> None:
    """Objects of a batch live on: looking at them after every 700 new ones took an eighth of the demo's own time."""
    gc.freeze()
    gc.set_threshold(50_000, 20, 50)


def parser() -> argparse.ArgumentParser:
    """Return the parser of all commands."""
    made = argparse.ArgumentParser(prog="kaowu", description=translate(N_("1+X 职业技能等级证书考务系统")))
    commands = made.add_subparsers(required=True, metavar="COMMAND")
    common = argparse.ArgumentParser(add_help=False)
    common.add_argument("--json", action="store_true", help=translate(N_("只输出 JSON")))

    serving = commands.add_parser("serve", parents=[common], help=translate(N_("启动网站")))
    serving.add_argument("--host", default=None)
    serving.add_argument("--port", type=int, default=None)
    serving.add_argument("--no-work", action="store_true", help=translate(N_("不在同一进程中处理后台任务")))
    serving.set_defaults(command=_with_services(serve, deploys=True))

    working = commands.add_parser("work", parents=[common], help=translate(N_("处理后台任务")))
    working.set_defaults(command=_with_services(work, deploys=True))

    migrating = commands.add_parser("migrate", parents=[common], help=translate(N_("升级数据库结构")))
    migrating.set_defaults(command=migrate)

    demonstrating = commands.add_parser("demo", parents=[common], help=translate(N_("用虚构的数据走完一个考核批次")))
    demo.add_arguments(demonstrating)
    demonstrating.set_defaults(command=demo.main)

    checking = commands.add_parser("check", parents=[common], help=translate(N_("在现有数据上核查各项不变量")))
    checking.set_defaults(command=_with_services(run_check))

    overriding = commands.add_parser(
        "override", parents=[common], help=translate(N_("考试临近仍须更换版本时，两人签字"))
    )
    deployment.add_arguments(overriding)
    overriding.set_defaults(command=_without_upgrade(deployment.override))

    registering, receiving = registry.add_commands(commands, common)
    registering.set_defaults(command=_with_services(registry.serve))
    receiving.set_defaults(command=_with_services(registry.receive))

    keys.add_commands(commands, common, _with_services)
    parts = ledger.Parts(announced.known, announced.owner, ledger_jobs.seal)
    ledger.add_commands(commands, common, _with_services, parts)
    archive.add_commands(verification.add_commands(commands, common), common, _with_services)
    office = issuing.add_commands(commands, common)
    office["halt"].set_defaults(command=_without_upgrade(issuing.halt))
    office["resume"].set_defaults(command=_without_upgrade(issuing.resume))
    schedule = planning.add_commands(commands, common)
    exporting = schedule.add_parser("export", parents=[common], help=translate(N_("把一个考核批次写成问题文件")))
    timetable.add_arguments(exporting)
    exporting.set_defaults(command=_with_services(timetable.export))
    return made


def _with_services(work: Work, *, deploys: bool = False) -> Callable[[Arguments], int]:
    """Wrap a command that needs a running, migrated database. ``deploys``: it runs this version for others to use."""

    async def run(arguments: Arguments) -> int:
        settings = Settings.load()
        settings = settings.with_database(ensure_server(settings))
        await _require_calm(settings, deploys=deploys)
        await asyncio.to_thread(upgrade, settings.database_url)
        async with services_of(settings) as services:
            if deploys:
                await deployment.note(services)
            return await work(services, arguments)

    return lambda arguments: asyncio.run(run(arguments))


def _without_upgrade(work: Work) -> Callable[[Arguments], int]:
    """Wrap a command that needs a running database as it is."""

    async def run(arguments: Arguments) -> int:
        settings = Settings.load()
        async with services_of(settings.with_database(ensure_server(settings))) as services:
            return await work(services, arguments)

    return lambda arguments: asyncio.run(run(arguments))


async def _require_calm(settings: Settings, *, deploys: bool) -> None:
    """Refuse a migration or another version while a session is near (exam.deployment)."""
    demo = read_record(settings.home) is not None
    await deployment.require_calm(settings.database_url, head=head(), deploys=deploys, demo=demo)


async def serve(services: Services, arguments: Arguments) -> int:
    """Serve the pages, and do the background work beside them unless told not to."""
    host = arguments.host or services.settings.host
    port = arguments.port or services.settings.port
    _say(arguments, {"address": f"http://{host}:{port}"}, N_("网站已启动：%(address)s （按 Ctrl+C 停止）"))
    await serving.serve(services, host=host, port=port, with_work=not arguments.no_work)
    return 0


async def work(services: Services, arguments: Arguments) -> int:
    """Do background work until stopped."""
    _say(arguments, {"state": "working"}, N_("正在处理后台任务（按 Ctrl+C 停止）"))
    await worker.run(services, stop_on_signals=True)
    return 0


def migrate(arguments: Arguments) -> int:
    """Bring the database to the newest structure."""
    settings = Settings.load()
    settings = settings.with_database(ensure_server(settings))
    asyncio.run(_require_calm(settings, deploys=False))
    revision = upgrade(settings.database_url)
    _say(arguments, {"revision": revision}, N_("数据库结构已是最新。"))
    return 0


async def run_check(services: Services, arguments: Arguments) -> int:
    """Evaluate every invariant on the live data; name each that fails."""
    results = await check.run(services)
    failed = [result for result in results if not result.passed]
    if arguments.json:
        _print_json({"passed": not failed, "checks": [result.as_json() for result in results]})
    else:
        for result in results:
            print(result.line())
    return 1 if failed else 0


def _say(arguments: Arguments, facts: dict[str, Any], message: str) -> None:
    if arguments.json:
        _print_json(facts)
    else:
        print(translate(message, **facts), flush=True)


def _print_json(document: Any) -> None:
    print(json.dumps(document, ensure_ascii=False, indent=2, default=str), flush=True)


def _complain(sentence: str) -> int:
    print(sentence, file=sys.stderr)
    return 2
