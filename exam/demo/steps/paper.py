"""After issue: numbered paper is taken in, certificates printed on some, one sheet spoiled by two, papers sent to schools and
collected."""

from uuid import UUID

from certificates.handover import actions as handover
from certificates.handover import queries as papers
from certificates.handover.rules import Deed, Taking
from certificates.issuing.queries import Certificate
from certificates.printing import actions, queries
from certificates.printing.rules.sheets import Setting
from exam.demo.progress import Step
from exam.demo.stage import Stage
from exam.kernel.errors import N_

SHEETS = 100
PRINTED = 12


async def use(stage: Stage, certificates: list[Certificate], step: Step) -> int:
    """Print some certificates of one organisation on its paper; returns how many are on paper."""
    if not certificates:
        return 0
    organisation_id = certificates[0].organisation_id
    mine = [one for one in certificates if one.organisation_id == organisation_id][:PRINTED]
    printed = await _print(stage, organisation_id, mine)
    await _hand_over(stage, mine[0].batch_id)
    step.tell(N_("%(count)s 本已印在编号的证书纸上"), count=f"{printed:,}")
    return printed


async def _print(stage: Stage, organisation_id: UUID, mine: list[Certificate]) -> int:
    officer, second, now = stage.cast["issuer"], stage.cast["issuer2"], stage.services.clock.now()
    async with stage.change() as session:
        await actions.take_in(
            session, officer, organisation_id=organisation_id, first="ZS000001", last=f"ZS{SHEETS:06d}", now=now
        )
        setting = Setting(dx_mm=0.5, dy_mm=-0.3)
        id = await actions.save_printer(
            session, officer, organisation_id=organisation_id, name="制证室一号机", setting=setting, now=now
        )
        printer = await queries.printer(session, officer, id)
        order_id = await actions.order(
            session, officer, printer=printer, batch_id=mine[0].batch_id, numbers=[one.number for one in mine], now=now
        )
        sheets = await queries.papers_of(session, order_id)
        await actions.report(session, officer, paper_id=sheets[0].id, reason="卡纸，纸面有折痕", now=now)
    async with stage.change() as session:
        await actions.confirm(session, second, paper_id=sheets[0].id, now=now)
    return len(sheets)


async def _hand_over(stage: Stage, batch_id: UUID) -> None:
    """The papers of each school are sent; one school notes that they came, and who collected the first and the second."""
    officer, now = stage.cast["issuer"], stage.services.clock.now()
    sent = Taking(recipient="教务处经手老师", on_date=stage.today)
    came: list[papers.Line] = []
    for code, school in sorted(stage.schools.items()):
        async with stage.change() as session:
            lines = await papers.lines(session, officer, batch_id=batch_id, institution_id=school)
            if lines:
                await handover.note(session, officer, Deed.SEND, _seen(lines), taking=sent, now=now)
        if not lines or came:
            continue
        clerk = stage.cast[f"school:{code}"]
        async with stage.change() as session:
            came = await papers.lines(session, clerk, batch_id=batch_id, institution_id=school)
            await handover.note(session, clerk, Deed.ARRIVE, _seen(came), taking=sent, now=now)
            came = await papers.lines(session, clerk, batch_id=batch_id, institution_id=school)
            takings = (
                Taking(on_date=stage.today),
                Taking(recipient="样本老师", relation="班主任", on_date=stage.today),
            )
            for line, taking in zip(came, takings, strict=False):
                await handover.note(session, clerk, Deed.TAKE, _seen([line]), taking=taking, now=now)


def _seen(lines: list[papers.Line]) -> dict[UUID, int]:
    return {one.id: one.step for one in lines}
