"""A key ceremony: who is there, what is made, and the log that says so, with the hash of everything (``kaowu-ceremony/1``)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from certificates.keys.rules.purposes import ALGORITHMS, Algorithm, Purpose
from exam.kernel.canonical import canonical
from exam.kernel.errors import N_, Invalid

FORMAT: Final = "kaowu-ceremony/1"
WITNESSES: Final = 2
AUTHORITY_YEARS: Final = 20


class TooFewPeople(Invalid):
    """Nobody makes keys unseen."""

    message = N_("密钥仪式需要一名操作人和至少两名见证人，须为不同的人并写明姓名。")


class FolderInUse(Invalid):
    """A ceremony begins in an empty folder."""

    message = N_("文件夹 %(name)s 不是空的。")
    way_out = N_("请为每次密钥仪式新建文件夹。")


class NoPassphrase(Invalid):
    """The authority's key is never written in the clear."""

    message = N_("签发机构的密钥需要至少 12 个字符的口令。")


@dataclass(frozen=True, kw_only=True)
class Plan:
    """What a ceremony shall make and who is there."""

    organisation: str
    operator: str
    witnesses: tuple[str, ...]
    place: str = ""
    purposes: tuple[Purpose, ...] = tuple(Purpose)
    document_algorithm: Algorithm = "ES256"
    years: int = 5
    requests_only: bool = False  # an authority outside signs: requests instead of certificates

    def algorithm(self, purpose: Purpose) -> Algorithm:
        """What a purpose's key is made with."""
        return self.document_algorithm if purpose is Purpose.DOCUMENT else ALGORITHMS[purpose][0]


def require_people(plan: Plan) -> None:
    """Raise `TooFewPeople` unless an operator and two other people are named."""
    people = [plan.operator.strip(), *(one.strip() for one in plan.witnesses)]
    if not all(people) or len(set(people)) < len(people) or len(plan.witnesses) < WITNESSES:
        raise TooFewPeople


@dataclass(frozen=True)
class Step:
    """One thing that was done, and what it came to."""

    at: datetime
    what: str
    facts: Mapping[str, str]


def log_of(
    plan: Plan, *, began_at: datetime, software: Mapping[str, str], steps: Sequence[Step], files: Mapping[str, str]
) -> bytes:
    """The log as it is signed: canonical JSON. ``files`` names each public file with its SHA-256."""
    said: dict[str, Any] = {
        "format": FORMAT,
        "organisation": plan.organisation,
        "place": plan.place,
        "operator": plan.operator,
        "witnesses": list(plan.witnesses),
        "began_at": stamp(began_at),
        "software": dict(software),
        "steps": [{"at": stamp(one.at), "what": one.what, "facts": dict(one.facts)} for one in steps],
        "files": dict(files),
    }
    return canonical(said)


def stamp(at: datetime) -> str:
    """An instant as it stands in the log."""
    return at.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
