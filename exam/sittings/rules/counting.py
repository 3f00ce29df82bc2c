"""What two people must agree on about papers: the counts add up, or they say why not (domain section 7, document 6)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from exam.kernel.errors import N_, Conflict, Forbidden, Invalid, NotFound, Problem
from exam.sittings.rules.attendance import Headcount
from exam.sittings.rules.minutes import COUNT_LABELS, MinuteStep, StepRecord, StepState

MOST_PAPERS = 9999


class UnknownStep(NotFound):
    """The room's plan has no such step, or it is done by what the room does itself."""


class StepDone(Conflict):
    """A step is recorded once; afterwards it is corrected with a reason."""

    message = N_("“%(step)s”已由 %(name)s 登记。")
    way_out = N_("登记有误的，请主考或考务管理员补录更正。")


class NothingAsked(Conflict):
    """There is nothing to confirm."""

    message = N_("“%(step)s”没有等待确认的登记。")
    way_out = N_("请刷新页面，按最新状态办理。")


class SamePerson(Forbidden):
    """Two people means two."""

    message = N_("这一步须由两人办理，同一人不能确认自己的登记。")
    way_out = N_("请由另一名工作人员在本机输入密码，或用自己的设备确认。")


class SecondUnknown(Forbidden):
    """The second person works here, too."""

    message = N_("所选的第二人此刻在本考场没有职责。")
    way_out = N_("请选择在场的监考员、考评员或主考。")


class CountsMissing(Invalid):
    """Papers are counted, not guessed."""

    message = N_("请逐项填写份数，没有的填 0。")


class CountsDiffer(Invalid):
    """The counts contradict each other; a reason is asked for."""

    message = N_("份数不符，没有登记。")
    way_out = N_("请两人重新清点；确实不符的，写明原因后登记。")


class ReasonMissing(Invalid):
    """A step that was not done is recorded with its reason."""

    message = N_("没有做的步骤须写明原因。")


class TimeWrong(Invalid):
    """What is keyed in happened before now, on the day of the session."""

    message = N_("所填时间须在考试当天，且不晚于现在。")
    way_out = N_("请按纸质记录上的时间填写。")


class NamesMissing(Invalid):
    """Whoever signed the paper is named."""

    message = N_("请填写纸质记录上签名的两名工作人员，两人不能相同。")


def require_counts(step: MinuteStep, counts: Mapping[str, int]) -> dict[str, int]:
    """Every count of the step, none below zero, and nothing else."""
    problems = [
        Problem(field=f"count_{name}", message=N_("请填写 0 至 %(most)s 的份数。"), facts={"most": MOST_PAPERS})
        for name in step.counts
        if not 0 <= counts.get(name, -1) <= MOST_PAPERS
    ]
    if problems:
        raise CountsMissing(problems=problems)
    return {name: counts[name] for name in step.counts}


def differences(
    step: MinuteStep, counts: Mapping[str, int], received: int | None, people: Headcount
) -> tuple[tuple[str, int, int], ...]:
    """What does not agree: (word, counted, expected). Empty where nothing is counted or everything agrees."""
    wrong = []
    if "received" in counts and counts["received"] < people.expected:
        wrong.append((COUNT_LABELS["received"], counts["received"], people.expected))
    if "used" in counts:
        total = sum(counts.values())
        if received is not None and total != received:
            wrong.append((N_("合计"), total, received))
        if counts["used"] != people.present:
            wrong.append((COUNT_LABELS["used"], counts["used"], people.present))
    if "submitted" in counts and counts["submitted"] != people.finished:
        wrong.append((COUNT_LABELS["submitted"], counts["submitted"], people.finished))
    if "absent" in counts and counts["absent"] != people.absent:
        wrong.append((COUNT_LABELS["absent"], counts["absent"], people.absent))
    return tuple(wrong)


def require_agreement(wrong: tuple[tuple[str, int, int], ...], reason: str) -> None:
    """Refuse counts that contradict each other unless a reason is given."""
    if wrong and not reason.strip():
        raise CountsDiffer(
            problems=[
                Problem(
                    message=N_("%(what)s清点为 %(counted)s，应为 %(expected)s。"),
                    facts={"what": what, "counted": counted, "expected": expected},
                    code="count",
                )
                for what, counted, expected in wrong
            ]
        )


def require_fresh(record: StepRecord | None, title: str) -> None:
    """Refuse to record a step that is done already."""
    if record is not None and record.state in (StepState.DONE, StepState.SKIPPED):
        raise StepDone(step=title, name=record.by_name)


def require_written(at: datetime, starts_at: datetime, now: datetime) -> None:
    """A time written on paper lies on the day of the session and not in the future."""
    if at > now or abs((at - starts_at).total_seconds()) > 24 * 3600:
        raise TimeWrong()
