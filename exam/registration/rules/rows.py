"""One row of a roster: what is checked about the person, the school, what is taken, and the money.

What is normalised without a word, because it cannot change a meaning: blanks around a value, a lower-case x in an ID
number, a whole number in a text column other than the ID number. What is only *suggested*: full-width digits, blanks
inside a name, look-alike middle dots. Requirements: B01-B16 (pilot), D06, D07 (payer and waiver), D13, D14 (channel and
consent), X03 (pilot of this year, major or social channel).
"""

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import TypeVar
from uuid import UUID

from exam.catalogue.rules.records import Level
from exam.kernel.errors import Problem
from exam.registration.rules.identity import (
    GENDER_LABELS,
    ID_TYPE_LABELS,
    Fault,
    Gender,
    Identity,
    IdType,
    examine,
    masked,
)
from exam.registration.rules.names import LONGEST_NAME, name_fault
from exam.registration.rules.problems import problem
from exam.registration.rules.records import CHANNEL_LABELS, PAYER_LABELS, Channel, Payer
from exam.registration.rules.sheet import Cell, CellKind, Layout, SheetRow
from exam.registration.rules.template import ETHNICITIES, WAIVER_REASONS, Column, RosterTemplate

T = TypeVar("T")

LEVEL_WORDS: Mapping[str, Level] = {level.zh: level for level in Level}
_GENDERS = {label: gender for gender, label in GENDER_LABELS.items()}
_ID_TYPES = {label: kind for kind, label in ID_TYPE_LABELS.items()} | {
    "身份证": IdType.RESIDENT,
    "中华人民共和国居民身份证": IdType.RESIDENT,
    "港澳通行证": IdType.HK_MACAU_PERMIT,
    "台湾通行证": IdType.TAIWAN_PERMIT,
}
_CHANNELS = {label: channel for channel, label in CHANNEL_LABELS.items()} | {
    "在校生": Channel.SCHOOL,
    "社会考生": Channel.SOCIAL,
    "社会人员": Channel.SOCIAL,
}
_PAYERS = {label: payer for payer, label in PAYER_LABELS.items()}
_SCIENTIFIC = re.compile(r"\d(\.\d+)?[eE][+]?\d+")
_PHONE = re.compile(r"1[3-9]\d{9}")
_DATE = re.compile(r"(\d{4})\D{0,2}(\d{1,2})\D{0,2}(\d{1,2})\D?")
_FULL_WIDTH = re.compile("[\uff01-\uff5e]")


@dataclass(frozen=True, kw_only=True)
class Offer:
    """A certificate and level that the batch offers."""

    scheme_id: UUID
    certificate_id: UUID
    certificate_name: str
    level: Level
    fee_yuan: Decimal


@dataclass(frozen=True, kw_only=True)
class PilotRoom:
    """What the institution's pilot of this year allows for one certificate."""

    quota: int
    used: int
    majors: frozenset[str]  # codes or names; empty = all


@dataclass(frozen=True, kw_only=True)
class RosterContext:
    """What the rows are checked against."""

    today: date
    year: int  # of the batch: pilots hold for a calendar year
    institution_code: str
    certificates: Mapping[str, tuple[UUID, str, tuple[Level, ...]]] = field(
        hash=False
    )  # name or code -> id, name, levels
    offers: tuple[Offer, ...]
    pilots: Mapping[UUID, PilotRoom] = field(hash=False)  # by certificate

    def offer(self, certificate_id: UUID, level: Level) -> Offer | None:
        """The offer for a certificate and level, None when this batch has none."""
        for offer in self.offers:
            if offer.certificate_id == certificate_id and offer.level is level:
                return offer
        return None


@dataclass(frozen=True, kw_only=True)
class Entry:
    """One row of which person and registration are certain."""

    row: int
    serial: str
    name: str
    gender: Gender
    id_type: IdType
    id_number: str
    ethnicity: str
    phone: str
    major: str
    major_code: str
    class_name: str
    channel: Channel
    offer: Offer
    payer: Payer
    waiver_reason: str
    waiver_proof: str

    @property
    def person_key(self) -> tuple[IdType, str]:
        """Who it is."""
        return self.id_type, self.id_number


class RowCheck:
    """One row under check: reads cells by column key, collects problems, never stops at the first."""

    def __init__(self, row: SheetRow, layout: Layout, template: RosterTemplate) -> None:
        self.row = row
        self.problems: list[Problem] = []
        self._layout = layout
        self._template = template
        self._texts = {column.key: self._read(column) for column in template.columns}

    def text(self, key: str) -> str:
        """The readable value of a column, empty where nothing usable stands."""
        return self._texts[key] or ""

    def usable(self, key: str) -> bool:
        """Whether the cell itself gave no problem; a further rule on it would only say the same again."""
        return self._texts[key] is not None

    def add(self, code: str, key: str, **facts: object) -> None:
        """Collect a problem of this row in this column."""
        self.problems.append(problem(code, row=self.row.number, column=self._template.column(key).head, **facts))

    def choose(self, key: str, words: Mapping[str, T], code: str, **facts: object) -> T | None:
        """Look the value up among the words of a column; a value that is none of them is a problem."""
        text = self.text(key)
        if text and text not in words:
            self.add(code, key, value=text, **facts)
        return words.get(text)

    def _read(self, column: Column) -> str | None:
        cell = self._cell(column.key)
        code, facts = _cell_fault(cell, column)
        if code:
            self.add(code, column.key, **facts)
            return None
        return cell.text.strip()

    def _cell(self, key: str) -> Cell:
        position = self._layout.positions.get(key)
        return Cell() if position is None else self.row.cell(position)


def _cell_fault(cell: Cell, column: Column) -> tuple[str, dict[str, object]]:
    """What is wrong with a cell whatever it should mean: the code and its facts, or an empty code."""
    text = cell.text.strip()
    shown = masked(text) if column.identity and text else text
    if cell.kind is CellKind.FORMULA:
        return "cell_formula", {"value": shown}
    if cell.kind is CellKind.ERROR:
        return "cell_error", {"value": text}
    if cell.empty:
        return ("cell_required", {}) if column.required and column.key != "consent" else ("", {})
    if column.key == "id_number" and cell.kind is not CellKind.TEXT:
        return "id_number_cell", {"value": shown}
    if column.key == "id_number" and _SCIENTIFIC.fullmatch(text):
        return "id_scientific", {"value": text}
    if "\n" in text or "\r" in text:
        return "cell_line_break", {"suggestion": " ".join(text.split())}
    if any(_control(character) for character in text):
        return "cell_control", {"suggestion": "".join(one for one in text if not _control(one))}
    if column.narrow and _FULL_WIDTH.search(text):
        return "cell_full_width", {"suggestion": unicodedata.normalize("NFKC", text)}
    if len(text) > column.longest:
        return "cell_long", {"length": len(text), "limit": column.longest}
    return "", {}


def _control(character: str) -> bool:
    """Control and invisible format characters: NUL, zero-width blanks, direction marks, a stray byte order mark."""
    return unicodedata.category(character) in ("Cc", "Cf")


# ---------------------------------------------------------------- the row


def check_row(check: RowCheck, context: RosterContext) -> Entry | None:
    """Apply every rule to a row; an entry comes out when person and registration are certain, problems or not."""
    name = _check_name(check)
    gender = check.choose("gender", _GENDERS, "gender_unknown")
    id_type = check.choose("id_type", _ID_TYPES, "id_type_unknown", choices="、".join(ID_TYPE_LABELS.values()))
    identity = _check_identity(check, id_type, gender, context)
    ethnicity = _check_ethnicity(check)
    phone = _check_phone(check)
    channel = check.choose("channel", _CHANNELS, "channel_unknown")
    offer = _check_offer(check, channel, context)
    _check_school(check, channel, offer, context)
    _check_consent(check)
    payer = _check_payer(check, channel)
    if not (name and gender and id_type and identity and channel and offer):
        return None
    return Entry(
        row=check.row.number,
        serial=check.text("serial"),
        name=name,
        gender=gender,
        id_type=id_type,
        id_number=identity.number,
        ethnicity=ethnicity,
        phone=phone,
        major=check.text("major"),
        major_code=check.text("major_code"),
        class_name=check.text("class_name"),
        channel=channel,
        offer=offer,
        payer=payer or Payer.INSTITUTION,
        waiver_reason=check.text("waiver_reason"),
        waiver_proof=check.text("waiver_proof"),
    )


def _check_name(check: RowCheck) -> str:
    name = check.text("name")
    if not name:
        return ""
    fault = name_fault(name)
    if fault:
        code, suggestion = fault
        check.add(code, "name", limit=LONGEST_NAME, **({"suggestion": suggestion} if suggestion else {}))
        return ""
    return name


def _check_identity(
    check: RowCheck, id_type: IdType | None, gender: Gender | None, context: RosterContext
) -> Identity | None:
    typed = check.text("id_number")
    stated = _check_birth(check, context)
    if not typed or id_type is None:
        return None
    found = examine(id_type, typed, today=context.today)
    if isinstance(found, Fault):
        facts = {"value": masked(typed), "id_type": ID_TYPE_LABELS[id_type], **found.facts}
        check.add(found.code, "id_number", **facts, **({"suggestion": found.suggestion} if found.suggestion else {}))
        return None
    if found.gender and gender and found.gender is not gender:
        check.add("gender_mismatch", "gender", value=GENDER_LABELS[gender], expected=GENDER_LABELS[found.gender])
    if found.birth and stated and found.birth != stated:
        check.add("birth_mismatch", "birth", value=stated.isoformat(), expected=found.birth.isoformat())
    return found


def _check_birth(check: RowCheck, context: RosterContext) -> date | None:
    text = check.text("birth")
    if not text:
        return None
    stated = parse_date(text)
    if stated is None:
        check.add("birth_unreadable", "birth", value=text)
    elif stated > context.today:
        check.add("birth_future", "birth", value=stated.isoformat())
        return None
    return stated


def parse_date(text: str) -> date | None:
    """Read 2006-05-01, 2006/5/1, 2006.5.1, 20060501 and 2006年5月1日; None for anything else."""
    match = _DATE.fullmatch(text.removesuffix(" 00:00:00"))
    if not match or (text.isdigit() and len(text) != 8):
        return None
    try:
        return date(*(int(part) for part in match.groups()))
    except ValueError:
        return None


def _check_ethnicity(check: RowCheck) -> str:
    text = check.text("ethnicity")
    bare = text.removesuffix("族")
    if text and bare not in ETHNICITIES and text != "其他":
        check.add("ethnicity_unknown", "ethnicity", value=text)
        return ""
    return f"{bare}族" if text and text != "其他" else text


def _check_phone(check: RowCheck) -> str:
    text = check.text("phone")
    if text and not _PHONE.fullmatch(text):
        bare = re.sub(r"^(\+|00)?86", "", re.sub(r"[\s\-()]", "", text))
        suggestion = {"suggestion": bare} if _PHONE.fullmatch(bare) else {}
        check.add("phone_format", "phone", value=masked(text), **suggestion)
        return ""
    return text


def _check_offer(check: RowCheck, channel: Channel | None, context: RosterContext) -> Offer | None:
    """The certificate and level: known, of this certificate, offered here, and held as a pilot this year."""
    typed = check.text("certificate")
    level = check.choose("level", LEVEL_WORDS, "level_unknown")
    if not typed:
        return None
    known = context.certificates.get(typed)
    if known is None:
        offered = "、".join(dict.fromkeys(offer.certificate_name for offer in context.offers))
        check.add("certificate_unknown", "certificate", value=typed, choices=offered)
        return None
    certificate_id, name, levels = known
    if level is None:
        return None
    if level not in levels:
        choices = "、".join(one.zh for one in levels)
        check.add("level_not_in_certificate", "level", certificate=name, value=level.zh, choices=choices)
        return None
    offer = context.offer(certificate_id, level)
    if offer is None:
        choices = "、".join(f"{one.certificate_name}{one.level.zh}" for one in context.offers)
        check.add("not_offered", "level", certificate=name, level=level.zh, choices=choices)
    elif certificate_id not in context.pilots and channel is not Channel.SOCIAL:
        check.add("pilot_missing", "certificate", certificate=name, year=context.year)
    return offer


def _check_school(check: RowCheck, channel: Channel | None, offer: Offer | None, context: RosterContext) -> None:
    stated = check.text("institution_code")
    if stated and stated != context.institution_code:
        check.add("institution_other", "institution_code", value=stated, expected=context.institution_code)
    if channel is not Channel.SCHOOL:
        return
    if not (check.usable("major") and check.usable("major_code")):
        return
    major, code = check.text("major"), check.text("major_code")
    if not major:
        check.add("major_missing", "major")
        return
    room = context.pilots.get(offer.certificate_id) if offer else None
    if room is not None and room.majors and not room.majors & {major, code}:
        check.add("major_not_pilot", "major_code" if code else "major", value=f"{major} {code}".strip())


def _check_consent(check: RowCheck) -> None:
    """D14: taking part is voluntary, and every registration says so."""
    if not check.usable("consent"):
        return
    text = check.text("consent")
    if not text:
        check.add("consent_missing", "consent")
    elif text not in ("是", "同意"):
        check.add("consent_refused", "consent", value=text)


def _check_payer(check: RowCheck, channel: Channel | None) -> Payer | None:
    """D06, D07: the institution pays for its pilot students or waives with a reason and its proof."""
    payer = check.choose("payer", _PAYERS, "payer_unknown")
    if payer is None and not check.text("payer") and check.usable("payer"):
        payer = Payer.SELF if channel is Channel.SOCIAL else Payer.INSTITUTION
    if payer is Payer.SELF and channel is Channel.SCHOOL:
        check.add("payer_school_self", "payer")
    reason, proof = check.text("waiver_reason"), check.text("waiver_proof")
    if payer is Payer.WAIVED:
        _check_waiver(check, reason, proof)
    elif payer is not None and (reason or proof):
        check.add("waiver_without_payer", "payer")
    return payer


def _check_waiver(check: RowCheck, reason: str, proof: str) -> None:
    choices = "、".join(WAIVER_REASONS)
    if not reason and check.usable("waiver_reason"):
        check.add("waiver_reason_missing", "waiver_reason", choices=choices)
    elif reason and reason not in WAIVER_REASONS:
        check.add("waiver_reason_unknown", "waiver_reason", value=reason, choices=choices)
    if not proof and check.usable("waiver_proof"):
        check.add("waiver_proof_missing", "waiver_proof")
