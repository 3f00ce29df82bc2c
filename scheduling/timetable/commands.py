"""``kaowu schedule export``: a live batch as a planning problem, to be solved, checked and compared without the database."""

from __future__ import annotations

import argparse
import json
from pathlib import Path

from exam.kernel.errors import N_, NotFound
from exam.kernel.i18n import translate
from exam.kernel.services import Services
from exam.registration import queries as registration
from exam.registration.rules import Batch
from scheduling.planning.rules.serial import problem_bytes, problem_sha256
from scheduling.timetable import queries


class NoSuchBatch(NotFound):
    """A batch code that is not on record."""

    message = N_("没有编号为 %(code)s 的考核批次。")
    way_out = N_("请检查批次编号：%(known)s。")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of ``schedule export``."""
    parser.add_argument("batch", metavar="BATCH", help=translate(N_("批次编号")))
    parser.add_argument("--out", type=Path, required=True, metavar="PROBLEM", help=translate(N_("问题文件写到哪里")))


async def export(services: Services, arguments: argparse.Namespace) -> int:
    """Write the batch's problem; whole or not at all."""
    async with services.db.transaction() as session:
        batches = await registration.batches(session)
        problem = (await queries.drafted(session, _chosen(batches, arguments.batch))).problem
    beside = arguments.out.with_name(f".{arguments.out.name}.part")
    beside.write_bytes(problem_bytes(problem))
    beside.replace(arguments.out)
    facts = {
        "problem": str(arguments.out),
        "sha256": problem_sha256(problem),
        "candidates": sum(group.count for group in problem.groups),
        "groups": len(problem.groups),
        "sites": len(problem.sites),
        "staff": len(problem.staff),
    }
    if arguments.json:
        print(json.dumps(facts, ensure_ascii=False, indent=2))
    else:
        what = N_("%(candidates)s 名考生、%(groups)s 组、%(sites)s 个站点、%(staff)s 名工作人员已写入 %(problem)s。")
        print(translate(what, **facts))
    return 0


def _chosen(batches: list[Batch], code: str) -> Batch:
    for batch in batches:
        if batch.code == code:
            return batch
    raise NoSuchBatch(code=code, known="、".join(sorted(batch.code for batch in batches)) or "—")
