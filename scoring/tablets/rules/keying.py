"""Keying a signed paper sheet in: the slip on it says whether what was typed is what was signed, and never which row is not."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any
from uuid import UUID

from exam.catalogue.rules import Sheet
from exam.kernel.errors import N_, Conflict, Invalid
from scoring.marking.rules import read_entries, require_complete
from scoring.tablets.rules.slips import SlipDiffers, read_slip, slip
from scoring.tablets.rules.standing import plain_answers


class OwnSheetKeyed(Conflict):
    """Nobody keys in or checks the sheet that they signed."""

    message = N_("不能由评分的考评员本人补录或核对自己的评分表。")
    way_out = N_("请由主考、考务管理员或没有评这名考生的组长办理。")


class OwnKeying(Conflict):
    """The check is another person's."""

    message = N_("核对须由另一人办理：这份评分表是您补录的。")


class SheetThere(Conflict):
    """The assessor's sheet is on the server already."""

    message = N_("这名考评员对该考生的评分表已在服务器上签名，不需要补录。")
    way_out = N_("请在对账页核对；内容不同时由考评员更正。")


class NothingToCorrect(Conflict):
    """A correction follows a signed version."""

    message = N_("服务器上还没有这份评分表的已签名版本，不能补录更正。")
    way_out = N_("请先补录第一版；第一版在平板上的，先让平板送出记录。")


class CorrectionReasonMissing(Invalid):
    """The assessor wrote on the paper why."""

    message = N_("请照纸上写明更正理由。")


class KeyedAlready(Conflict):
    """Somebody keyed it in."""

    message = N_("这份评分表已由 %(name)s 补录，正在等第二人核对。")
    way_out = N_("请核对那一份；录错时先撤回。")


class NotWaiting(Conflict):
    """It was checked or withdrawn meanwhile."""

    message = N_("这份补录已经核对或撤回。")


class BadgeMissing(Conflict):
    """A slip is made with the assessor's badge."""

    message = N_("这名考评员没有评分证，凭条无法核对。")
    way_out = N_("请由主考在“站点平板”补办评分证；凭条上的证号以当天使用的为准。")


class KeyingReasonMissing(Invalid):
    """Why from paper."""

    message = N_("请写明为什么按纸质评分表补录。")


def require_signed(
    definition: Sheet,
    *,
    ticket: str,
    badges: Collection[str],
    version: int,
    answers: Mapping[str, Any],
    overtime: int | None,
    typed: str,
) -> str:
    """The slip, if what was typed is what was signed with one of these badges: every row, the overtime, and the slip itself.

    :raises EntriesInvalid, SheetIncomplete, SlipMistyped, SlipDiffers, BadgeMissing
    """
    require_complete(definition, read_entries(definition, answers), overtime)
    read = read_slip(typed)
    if not badges:
        raise BadgeMissing
    said = plain_answers(definition, answers)
    minutes = overtime if definition.overtime is not None else None
    if read not in {slip(ticket, badge, version, said, minutes) for badge in badges}:
        raise SlipDiffers
    return read


def require_other(person: UUID | None, *, assessor: UUID, keyed_by: UUID | None = None) -> None:
    """Refuse the assessor's own hand, and the same hand twice."""
    if person == assessor:
        raise OwnSheetKeyed
    if keyed_by is not None and person == keyed_by:
        raise OwnKeying
