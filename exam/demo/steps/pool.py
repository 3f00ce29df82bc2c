"""The pool of examiners: invigilators, heads, and assessors who hold the advanced certificate (D17).

Assessors must come from elsewhere than the candidates, so every school lends some of its teachers to the others.
"""

from datetime import date, datetime
from uuid import UUID

from exam.accounts.rules import Grant, Role, Scope
from exam.demo.cast import Part
from exam.demo.certificates import certificate_of
from exam.demo.people import People
from exam.demo.photos import LOOKS
from exam.demo.province import SCHOOLS, UNITS, School
from exam.demo.stage import Stage
from scheduling.duties import actions as duties
from scheduling.duties.actions import NewExaminer

_CANDIDATES_PER_TEACHER = 9  # candidates of a school for each further invigilator it lends


async def recruit(stage: Stage, valid: tuple[date, date], now: datetime) -> int:
    """Open accounts for the pool, enter it and record who may assess what; returns how many people."""
    rng = stage.random("pool")
    people = People(rng, looks=LOOKS)
    parts: list[Part] = []
    lent: list[tuple[School, tuple[str, ...], bool]] = []
    for school in SCHOOLS:
        for certificates, head in _teachers(school, stage):
            unit = [one.code for one in UNITS].index(school.unit_code) + 1
            name = people.adult(unit, year=now.year).name
            site_id = stage.sites.get(school.code)
            parts.append(_part(len(parts) + 1, name, school, certificates, site_id, head=head))
            lent.append((school, certificates, head))
    async with stage.change() as session:
        await stage.cast.hire(session, parts, now=now)
        pool = [
            NewExaminer(
                account_id=stage.cast.account(part.key),
                name=part.name,
                institution_id=stage.schools[school.code],
                may_invigilate=not certificates,
                may_head=head,
            )
            for part, (school, certificates, head) in zip(parts, lent, strict=True)
        ]
        ids = await duties.add_examiners(session, stage.cast["officer"], people=pool, now=now)
        entries = [
            (examiner_id, stage.certificates[code], valid[0], valid[1], True)
            for examiner_id, (_, certificates, _) in zip(ids, lent, strict=True)
            for code in certificates
        ]
        await duties.qualify_many(session, stage.cast["officer"], entries=entries, now=now)
    return len(parts)


def _teachers(school: School, stage: Stage) -> list[tuple[tuple[str, ...], bool]]:
    """What each teacher of a school can do: (certificates to assess, may head a site)."""
    count = sum(candidate.school == school for candidate in stage.candidates)
    found: list[tuple[tuple[str, ...], bool]] = [((), True), ((), True)]
    found += [((), False)] * (9 + count // _CANDIDATES_PER_TEACHER)
    for code in school.certificates:
        if any(form.startswith("practical") for form in certificate_of(code).forms):
            found += [((code,), False)] * (5 + count // 30)
    return found


def _part(
    number: int, name: str, school: School, certificates: tuple[str, ...], site_id: UUID | None, *, head: bool
) -> Part:
    """Heads hold their site, assessors their sheets; everybody may be sent to invigilate."""
    word, role = "invigilator", Role.INVIGILATOR
    grants = [Grant(Role.INVIGILATOR)]
    if head and site_id is not None:
        word, role = "head", Role.SITE_HEAD
        grants.append(Grant(Role.SITE_HEAD, Scope("site", str(site_id))))
    if certificates:
        word, role = "assessor", Role.ASSESSOR
        grants.append(Grant(Role.ASSESSOR))
    login = f"{word}{school.code[-2:]}-{number:03d}"
    return Part(key=f"examiner:{number}", login=login, name=name, role=role, grants=tuple(grants))
