"""Registering in person (D13: members of society choose certificate, level and place themselves): what one form must hold.

The same rules for name, document and phone as a row of a roster (domain section 5, 3.4), said beside the field of a form.
Gender and day of birth come from the number where the kind of document tells them, and are asked for where it does not.
Ticking is explicit: eligible by the person's own declaration, and of their own will (D14).
"""

import re
import unicodedata
from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime

from exam.kernel.errors import N_, Conflict, Problem
from exam.registration.rules.identity import (
    GENDER_LABELS,
    ID_TYPE_LABELS,
    OLDEST_YEARS,
    YOUNGEST_YEARS,
    Fault,
    Gender,
    Identity,
    IdType,
    examine,
    in_age,
    masked,
)
from exam.registration.rules.names import LONGEST_NAME, name_fault
from exam.registration.rules.problems import problem
from exam.registration.rules.records import Batch
from exam.registration.rules.status import BatchStatus, in_china

SECRET_SHOWN_MINUTES = 30
_PHONE = re.compile(r"1[3-9]\d{9}")
_MISSING = N_("请填写此项。")


class EntryClosed(Conflict):
    """The batch takes no registrations now: not yet, not any more, or it is not open for another reason."""

    message = N_("这个批次现在不接受报名，报名时间是 %(opens)s 至 %(closes)s。")
    way_out = N_("请选择另一个正在报名的批次。")


class EntryNotOffered(Conflict):
    message = N_("这个批次不开考所选的证书等级。")
    way_out = N_("请从批次页重新选择。")


class AlreadyEntered(Conflict):
    """Said only to whoever is signed in with that very registration."""

    message = N_("您在这个批次已经报了这个证书等级，没有再报一次。")
    way_out = N_("请在“我的报名”中查看进度；要改报，请先退出原来的报名。")


class WithdrawTooLate(Conflict):
    message = N_("报名已于 %(closes)s 截止，不能自行退出。")
    way_out = N_("请联系考务管理员办理。")


class NothingToCorrect(Conflict):
    message = N_("这条报名现在不需要更正照片。")
    way_out = N_("只有被退回的报名可以更换照片；请查看最新状态。")


class NumberNotTheirs(Conflict):
    """For the officer alone: the number belongs to somebody on record under another name or gender."""

    message = N_("%(name)s：证件号码 %(number)s 已登记在另一个姓名或性别之下，不能通过。")
    way_out = N_("请核对证件；不是本人的，请驳回。")


class NumberTwice(Conflict):
    """For the officer alone: this person is registered already."""

    message = N_("%(name)s（%(number)s）在本批次已有这个证书等级的报名，不能再通过一条。")
    way_out = N_("请退回或驳回多出来的一条。")


@dataclass(frozen=True, kw_only=True)
class Typed:
    """What somebody typed about themselves, before it is checked."""

    name: str = ""
    id_type: IdType | None = None
    id_number: str = ""
    gender: Gender | None = None
    birth: date | None = None
    phone: str = ""
    prefecture_code: str = ""
    eligible: bool = False
    consent: bool = False


@dataclass(frozen=True, kw_only=True)
class Claim:
    """Checked, but nobody has seen the document: who somebody says they are."""

    name: str
    id_type: IdType
    id_number: str
    gender: Gender
    phone: str


def require_open(batch: Batch, now: datetime) -> None:
    """Refuse outside the window, in server time, and in every other state of the batch."""
    in_window = batch.registration_opens_at <= now < batch.registration_closes_at
    if batch.status is not BatchStatus.REGISTRATION_OPEN or not in_window:
        opens, closes = in_china(batch.registration_opens_at), in_china(batch.registration_closes_at)
        raise EntryClosed(opens=opens, closes=closes)


def require_before_close(batch: Batch, now: datetime) -> None:
    """Somebody may withdraw by themselves as long as registration has not closed (3.4)."""
    if batch.status is not BatchStatus.REGISTRATION_OPEN or now >= batch.registration_closes_at:
        raise WithdrawTooLate(closes=in_china(batch.registration_closes_at))


def check_entry(typed: Typed, *, places: Collection[str], today: date) -> tuple[Claim | None, list[Problem]]:
    """Check one form; a claim comes out when there is no problem. ``places``: prefectures with a site for the level."""
    problems: list[Problem] = []
    name = _check_name(typed, problems)
    identity = _check_identity(typed, today, problems)
    gender = _check_gender(typed, identity, problems)
    _check_birth(typed, identity, today, problems)
    phone = _check_phone(typed, problems)
    if not typed.prefecture_code:
        problems.append(_missing("prefecture_code"))
    elif typed.prefecture_code not in places:
        words, way_out = N_("这个地区没有所选证书等级的考核站点。"), N_("请从列出的地区中选择。")
        problems.append(Problem(field="prefecture_code", code="no_site", message=words, way_out=way_out))
    if not typed.eligible:
        words = N_("请确认符合报考条件。")
        problems.append(Problem(field="eligible", code="not_eligible", message=words))
    if not typed.consent:
        words = N_("报名须本人自愿；请阅读并勾选。")
        problems.append(Problem(field="consent", code="no_consent", message=words))
    if problems or identity is None or gender is None or typed.id_type is None:
        return None, problems
    return Claim(name=name, id_type=typed.id_type, id_number=identity.number, gender=gender, phone=phone), []


def half_width(text: str) -> str:
    """What a phone's keyboard adds to a number and means nothing: full-width digits, blanks."""
    return re.sub(r"\s", "", unicodedata.normalize("NFKC", text))


def _missing(field: str) -> Problem:
    return Problem(field=field, code="missing", message=_MISSING)


def _named(code: str, field: str, **facts: object) -> Problem:
    """A problem of the roster's table, at a field of the form."""
    found = problem(code, row=None, column="", **facts)
    return Problem(field=field, code=code, message=found.message, facts=found.facts, way_out=found.way_out)


def _check_name(typed: Typed, problems: list[Problem]) -> str:
    if not typed.name:
        problems.append(_missing("name"))
    elif fault := name_fault(typed.name):
        problems.append(_named(fault[0], "name", limit=LONGEST_NAME))
    return typed.name


def _check_identity(typed: Typed, today: date, problems: list[Problem]) -> Identity | None:
    if typed.id_type is None:
        problems.append(_missing("id_type"))
    number = half_width(typed.id_number)
    if not number:
        problems.append(_missing("id_number"))
    if typed.id_type is None or not number:
        return None
    found = examine(typed.id_type, number, today=today)
    if isinstance(found, Fault):
        # "Saved as a number by a spreadsheet" is no explanation in a form: the digits are simply wrong.
        code = "id_check_digit" if found.code == "id_precision" else found.code
        facts = {"value": masked(number), "id_type": ID_TYPE_LABELS[typed.id_type], **found.facts}
        problems.append(_named(code, "id_number", **facts))
        return None
    return found


def _check_gender(typed: Typed, identity: Identity | None, problems: list[Problem]) -> Gender | None:
    if identity is None:
        return typed.gender
    if identity.gender is None and typed.gender is None:
        problems.append(_missing("gender"))
    elif identity.gender and typed.gender and identity.gender is not typed.gender:
        facts = {"value": GENDER_LABELS[typed.gender], "expected": GENDER_LABELS[identity.gender]}
        problems.append(_named("gender_mismatch", "gender", **facts))
    return identity.gender or typed.gender


def _check_birth(typed: Typed, identity: Identity | None, today: date, problems: list[Problem]) -> None:
    """The day of birth is not kept; it shows that the person is of an age to sit an exam."""
    if identity is None:
        return
    birth = identity.birth or typed.birth
    if birth is None:
        problems.append(_missing("birth"))
    elif identity.birth and typed.birth and identity.birth != typed.birth:
        facts = {"value": typed.birth.isoformat(), "expected": identity.birth.isoformat()}
        problems.append(_named("birth_mismatch", "birth", **facts))
    elif birth > today:
        problems.append(_named("birth_future", "birth", value=birth.isoformat()))
    elif not in_age(birth, today):
        span = {"youngest": YOUNGEST_YEARS, "oldest": OLDEST_YEARS}
        problems.append(_named("id_age", "birth", birth=birth.isoformat(), **span))


def _check_phone(typed: Typed, problems: list[Problem]) -> str:
    phone = re.sub(r"^(\+|00)86|[-()]", "", half_width(typed.phone))
    if not phone:
        problems.append(_missing("phone"))
    elif not _PHONE.fullmatch(phone):
        problems.append(_named("phone_format", "phone", value=masked(phone)))
    return phone
