"""``kaowu check``: the invariants of the whole road, evaluated on the live data, each failure by name.

The folders know what must hold of their own tables (``invariants``, ``recheck``); here their findings are sorted under
the names of the invariants, and what no folder can see alone is added: that every thing has its audit record. Nothing
here trusts a constraint: the same rules are read from the data again.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from certificates.archive import queries as archive
from certificates.credit import queries as credit
from certificates.designs import queries as designs
from certificates.handover import queries as handover
from certificates.issuing import queries as issuing
from certificates.keys import queries as keys
from certificates.nightly import jobs as nightly
from certificates.platform import queries as platform
from certificates.printing import queries as printing
from exam.delivery import queries as delivery
from exam.faults import queries as faults
from exam.kernel import audit, jobs
from exam.kernel.clock import china_date
from exam.kernel.errors import N_
from exam.kernel.i18n import translate
from exam.kernel.services import Services
from exam.papers import queries as papers
from exam.sittings import queries as sittings
from scheduling.duties import queries as duties
from scheduling.sites import queries as sites
from scheduling.timetable import queries as timetable
from scoring.outcomes import queries as outcomes
from scoring.tablets import queries as tablets

_SHOWN = 20


@dataclass(frozen=True, kw_only=True)
class CheckResult:
    """One invariant: how many things were looked at, and every one that breaks it."""

    key: str
    name: str  # msgid
    counted: int
    failures: tuple[str, ...]

    @property
    def passed(self) -> bool:
        """Whether it holds."""
        return not self.failures

    def as_json(self) -> dict[str, Any]:
        """The form of ``--json``."""
        return {
            "check": self.key,
            "name": translate(self.name),
            "passed": self.passed,
            "counted": self.counted,
            "failures": list(self.failures),
        }

    def line(self) -> str:
        """The form of the terminal: one line, and under it what fails."""
        lines = [f"{'✓' if self.passed else '✗'} {translate(self.name)}  ({self.counted:,})"]
        lines += [f"    {failure}" for failure in self.failures[:_SHOWN]]
        if len(self.failures) > _SHOWN:
            lines.append("    " + translate(N_("另有 %(n)s 项"), n=len(self.failures) - _SHOWN))
        return "\n".join(lines)


@dataclass(frozen=True, kw_only=True)
class Invariant:
    """A named invariant: which findings of the folders concern it, and what is counted for it."""

    key: str
    name: str  # msgid
    concerns: str  # pattern of the findings, each led by the folder's name
    counted: str  # SQL


INVARIANTS: Sequence[Invariant] = (
    Invariant(
        key="candidate_time", name=N_("同一考生的时间不重叠，每科只安排一次"),
        concerns=r"sittings\.(candidate_overlap|part_twice)", counted="SELECT count(*) FROM exam.sittings",
    ),
    Invariant(
        key="room_time", name=N_("同一考场的时间不重叠"),
        concerns=r"sittings\.room_overlap", counted="SELECT count(*) FROM exam.room_sessions",
    ),
    Invariant(
        key="seat", name=N_("同一座位只有一人"),
        concerns=r"sittings\.seat_twice", counted="SELECT count(*) FROM exam.sittings",
    ),
    Invariant(
        key="staff_time", name=N_("同一工作人员的时间不重叠"),
        concerns=r"sittings\.duty_overlap", counted="SELECT count(*) FROM exam.duties",
    ),
    Invariant(
        key="assessor_conflict", name=N_("考评员没有利害关系，并持有高级证书"),
        concerns=r"timetable: .*(conflict of interest|lacks the advanced certificate)|duties: ",
        counted="SELECT count(*) FROM exam.duties WHERE duty IN ('assessor', 'lead_assessor')",
    ),
    Invariant(
        key="accommodations", name=N_("批准的便利措施在座位上落实"), concerns=r"timetable: accommodation: ",
        counted="SELECT count(*) FROM exam.accommodations WHERE status = 'granted'",
    ),
    Invariant(
        key="capacity_and_approval", name=N_("当日考场容量与站点审批有效"),
        concerns=r"sittings\.(room_overfull|outside_room_time)|timetable: |sites: ",
        counted="SELECT count(*) FROM exam.room_sessions",
    ),
    Invariant(
        key="exam_day", name=N_("出勤、交卷与违纪处理前后一致"),
        concerns=r"sittings\.|delivery\.|papers\.", counted="SELECT count(*) FROM exam.sittings",
    ),
    Invariant(
        key="time_credits", name=N_("补时都由两人负责，并已补到考生"),
        concerns=r"faults\.", counted="SELECT count(*) FROM exam.time_credits",
    ),
    Invariant(
        key="ledgers", name=N_("成绩在场次对平关闭之后才复核，缺口有人签名，照片与补录的评分表仍在"),
        concerns=r"ledgers: ", counted="SELECT count(*) FROM scoring.room_holds",
    ),
    Invariant(
        key="tablets", name=N_("平板记录与其签名一致，评分表与平板上签名的内容一致"),
        concerns=r"tablets: ", counted="SELECT count(*) FROM scoring.tablet_events",
    ),
    Invariant(
        key="totals", name=N_("每个得分都是允许值之和"),
        concerns=r"scoring\.(mark|sheet)", counted="SELECT count(*) FROM scoring.marks WHERE live",
    ),
    Invariant(
        key="outcomes", name=N_("每个结果等于规则再算一次的结果"),
        concerns=r"scoring\.", counted="SELECT count(*) FROM scoring.outcomes",
    ),
    Invariant(
        key="certificate_outcome", name=N_("没有合格并已发布的结果就没有证书"),
        concerns=r"issuing: .*has no passed, published outcome",
        counted="SELECT count(*) FROM certificates.certificates",
    ),
    Invariant(
        key="numbers", name=N_("一个结果一个有效编号，编号的空缺都有说明"),
        concerns=r"issuing: .*(live numbers|not accounted for|have no counter|has no certificate$|number log)",
        counted="SELECT count(*) FROM certificates.numbers",
    ),
    Invariant(
        key="released", name=N_("每张证书都由两人放行，放行的人没有发布过成绩"),
        concerns=r"issuing: .*(released|release )", counted="SELECT count(*) FROM certificates.releases",
    ),
    Invariant(
        key="bytes", name=N_("每份存储的证书文件与哈希、签名、页面文字、登记簿都一致"),
        concerns=r"files: |archive: ", counted="SELECT count(*) FROM certificates.certificates WHERE sha256 IS NOT NULL",
    ),
    Invariant(
        key="ledger", name=N_("证书与登记簿的条目一一对应，检查点已签名并有见证"),
        concerns=r"issuing: (?!design )|ledger: ", counted="SELECT count(*) FROM certificates.ledger_leaves",
    ),
    Invariant(
        key="papers", name=N_("每张证书纸都有去向，作废由两人确认"),
        concerns=r"printing: ", counted="SELECT count(*) FROM certificates.papers",
    ),
    Invariant(
        key="handover", name=N_("每本纸质证书的交接和领取环环相接"),
        concerns=r"handover: ", counted="SELECT count(*) FROM certificates.handover_entries",
    ),
    Invariant(
        key="designs", name=N_("证书版式由两人批准，提交后没有改动，证书所记版式与之一致"),
        concerns=r"designs: |issuing: design ", counted="SELECT count(*) FROM certificates.designs",
    ),
    Invariant(
        key="keys", name=N_("签名密钥与登记一致，一把密钥一种用途，失密由两人确认"),
        concerns=r"keys: ", counted="SELECT count(*) FROM certificates.signing_keys",
    ),
    Invariant(
        key="registered", name=N_("每张证书已在平台登记，或尚在期限内"),
        concerns=r"platform: ", counted="SELECT count(*) FROM certificates.platform_registrations",
    ),
    Invariant(
        key="credits", name=N_("学分只记在平台登记过的证书上"),
        concerns=r"credit: ", counted="SELECT count(*) FROM certificates.credit_records",
    ),
    Invariant(
        key="audit_records", name=N_("每项变更都有审计记录"),
        concerns=r"unrecorded: ", counted="SELECT count(*) FROM exam.audit_records",
    ),
    Invariant(
        key="audit_chain", name=N_("审计记录的链完整"),
        concerns=r"audit: ", counted="SELECT count(*) FROM exam.audit_streams",
    ),
    Invariant(
        key="jobs", name=N_("没有被放弃的后台任务"),
        concerns=r"job ", counted=f"SELECT count(*) FROM {jobs.SCHEMA}.{jobs.SETTINGS.queue_table}",
    ),
)  # fmt: skip

RECORDED: Sequence[tuple[str, str]] = (
    ("account", "SELECT id FROM exam.accounts"),
    ("organisation", "SELECT id FROM exam.organisations"),
    ("cancelled_title", "SELECT id FROM exam.cancelled_titles"),
    ("scheme", "SELECT id FROM exam.schemes"),
    ("institution", "SELECT id FROM exam.institutions"),
    ("pilot", "SELECT id FROM exam.pilots"),
    ("batch", "SELECT id FROM exam.exam_batches"),
    ("registration", "SELECT id FROM exam.registrations"),
    ("item", "SELECT id FROM exam.items"),
    ("paper", "SELECT id FROM exam.papers"),
    ("sitting", "SELECT id FROM exam.sittings"),
    ("room_session", "SELECT id FROM exam.room_sessions WHERE status <> 'planned'"),
    ("incident", "SELECT id FROM exam.incidents"),
    ("fault", "SELECT id FROM exam.faults"),
    ("time_credit", "SELECT id FROM exam.time_credits"),
    ("rehearsal", "SELECT id FROM exam.rehearsals"),
    ("deployment", "SELECT id FROM exam.deployments"),
    ("deployment_override", "SELECT id FROM exam.deployment_overrides"),
    ("announcement", "SELECT id FROM exam.announcements"),
    ("site", "SELECT id FROM scheduling.site_approvals"),
    ("examiner", "SELECT id FROM scheduling.examiners"),
    ("norm_version", "SELECT id FROM scheduling.norm_versions"),
    ("plan", "SELECT id FROM scheduling.plans"),
    ("feed", "SELECT id FROM scheduling.feeds"),
    ("repair", "SELECT id FROM scheduling.repairs"),
    ("mark", "SELECT id FROM scoring.marks"),
    ("score_sheet", "SELECT id FROM scoring.score_sheets"),
    ("paper_entry", "SELECT id FROM scoring.paper_entries"),
    ("tablet", "SELECT id FROM scoring.tablets"),
    ("tablet_code", "SELECT id FROM scoring.tablet_codes"),
    ("assessor_badge", "SELECT account_id FROM scoring.assessor_badges"),
    ("room_closing", "SELECT id FROM scoring.room_closings"),
    ("tablet_import", "SELECT id FROM scoring.tablet_imports"),
    ("keyed_sheet", "SELECT id FROM scoring.keyed_sheets"),
    ("outcome", "SELECT id FROM scoring.outcomes"),
    ("review", "SELECT id FROM scoring.reviews"),
    ("certificate", "SELECT id FROM certificates.certificates"),
    ("archive_copy", "SELECT id FROM certificates.archive_copies"),
    ("nightly_check", "SELECT id FROM certificates.nightly_checks WHERE ended_at IS NOT NULL"),
    ("ledger_erasure", "SELECT id FROM certificates.ledger_erasures"),
    ("signing_key", "SELECT id FROM certificates.signing_keys"),
    ("design", "SELECT id FROM certificates.designs"),
    ("pack", "SELECT id FROM certificates.packs"),
    ("handover", "SELECT id FROM certificates.handover_entries"),
    ("print_order", "SELECT id FROM certificates.print_orders"),
    ("paper_intake", "SELECT id FROM certificates.paper_intakes"),
    ("release", "SELECT id FROM certificates.releases"),
    ("halt", "SELECT id FROM certificates.halts"),
    ("platform_registration", "SELECT id FROM certificates.platform_registrations WHERE receipt IS NOT NULL"),
    ("credit_proposal", "SELECT id FROM certificates.credit_proposals"),
    ("credit_record", "SELECT id FROM certificates.credit_records"),
    ("platform_file", "SELECT id FROM certificates.platform_files"),
    ("platform_reconciliation", "SELECT id FROM certificates.platform_reconciliations WHERE problem = ''"),
)
"""Every thing that an action makes, by the subject of its audit records."""


async def run(services: Services) -> list[CheckResult]:
    """Evaluate every invariant in one transaction that sees one state."""
    async with services.db.transaction() as session:
        await session.execute(text("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY"))
        return await evaluate(session, services)


async def evaluate(session: AsyncSession, services: Services) -> list[CheckResult]:
    """The same on an open session."""
    left = await findings(session, services)
    results = []
    for invariant in INVARIANTS:
        concerned = re.compile(invariant.concerns).match
        own = tuple(finding for finding in left if concerned(finding))
        left = [finding for finding in left if not concerned(finding)]
        counted = int(await session.scalar(text(invariant.counted)) or 0)
        results.append(CheckResult(key=invariant.key, name=invariant.name, counted=counted, failures=own))
    if left:
        results.append(CheckResult(key="other", name=N_("其他"), counted=len(left), failures=tuple(left)))
    return results


async def findings(session: AsyncSession, services: Services) -> list[str]:
    """Everything that the folders find wrong, led by who found it."""
    today = china_date(services.clock.now())
    files, entries = await nightly.findings(session, services)

    def led(name: str, found: Sequence[str]) -> list[str]:
        return [f"{name}: {one}" for one in found]

    return [
        *await sittings.invariants(session),
        *await delivery.invariants(session),
        *await faults.invariants(session),
        *await papers.invariants(session),
        *led("sites", await sites.invariants(session)),
        *led("timetable", await timetable.invariants(session)),
        *led("duties", await duties.invariants(session)),
        *led("tablets", await tablets.invariants(session)),
        *led("ledgers", await tablets.ledger_invariants(session, services.files.exists)),
        *[f"scoring.{one.kind}: {one.id} {one.detail}" for one in await outcomes.recheck(session)],
        *led("designs", await designs.invariants(session)),
        *led("printing", await printing.invariants(session)),
        *led("handover", await handover.invariants(session)),
        *led("issuing", await issuing.invariants(session)),
        *led("keys", await keys.invariants(session)),
        *led("files", files),
        *led("archive", await archive.invariants(session, services.files, now=services.clock.now())),
        *led("ledger", entries),
        *led(
            "platform", await platform.invariants(session, today=today, issued=await issuing.issued_versions(session))
        ),
        *led("credit", await credit.invariants(session)),
        *led("unrecorded", await unrecorded(session)),
        *led("audit", await audit.verify(session)),
        *[_given_up(job) for job in await jobs.parked(session)],
    ]


def _given_up(job: jobs.ParkedJob) -> str:
    return f"job {job.id}: {job.name} was given up on {china_date(job.parked_at)} ({job.reason or 'no reason kept'})"


async def unrecorded(session: AsyncSession) -> list[str]:
    """Things that exist and that no audit record of their subject names."""
    found = []
    for subject, query in RECORDED:
        ids = set((await session.scalars(text(query))).all())
        found += [f"{subject} {one}" for one in sorted(await audit.unrecorded(session, subject, ids))]
    return found
