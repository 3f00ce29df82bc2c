"""Who registers for what in the demo, and what will happen to each of them.

Pure and deterministic: the same number of candidates and the same seed give the same plan. Fates are drawn here
(absence, lateness, an incident …) so that the road only has to act them out, each by the role that would.
"""

import random
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum

from exam.demo import photos
from exam.demo.certificates import certificate_of
from exam.demo.people import DemoPerson, People
from exam.demo.province import SCHOOLS, UNITS, School
from exam.registration.rules import Measures


class Fate(StrEnum):
    """What happens to a candidate on the exam days."""

    ORDINARY = "ordinary"
    ABSENT = "absent"  # misses every part
    ABSENT_LAST = "absent_last"  # misses the last part only
    LATE = "late"  # comes after the start, inside the limit
    INCIDENT = "incident"  # is caught with a phone
    EXEMPT = "exempt"  # an earlier graduate: the first part is exempt (D12)
    RESIT = "resit"  # failed one part of an earlier batch and keeps the other


_SHARE = {Fate.ABSENT: 0.03, Fate.ABSENT_LAST: 0.012, Fate.LATE: 0.012}
_WAIVERS = ("建档立卡家庭", "城乡低保家庭", "特困供养", "孤儿")
_SOCIAL_SHARE = 0.04
_GRANTED = (
    Measures(extra_percent=30),
    Measures(ground_floor=True),
    Measures(extra_percent=25, ground_floor=True),
    Measures(extra_percent=50, own_room=True, ground_floor=True),
)
_WAIVER_SHARE = 0.03


@dataclass(frozen=True, kw_only=True)
class DemoCandidate:
    """One registration of the demo."""

    person: DemoPerson
    school: School
    certificate: str  # code
    level: str
    social: bool
    major: str
    class_name: str
    student_no: str
    waiver: str  # reason of the fee waiver, empty for none
    ability: float  # standard normal: how well this person does on papers
    practice: float  # the same at practical work
    fate: Fate
    measures: Measures = field(default_factory=Measures)  # granted to a candidate with a disability (H16)


@dataclass(frozen=True, kw_only=True)
class Group:
    """The candidates of one school, certificate and level."""

    school: School
    certificate: str
    level: str
    count: int


def groups(candidates: int) -> list[Group]:
    """Share the candidates over schools, certificates and levels; every pilot gets one while they last."""
    pairs = [(school, code) for school in SCHOOLS for code in school.certificates]
    weights = [school.weight / len(school.certificates) for school, _ in pairs]
    counts = _shares(candidates, weights)
    made = []
    for (school, code), count in zip(pairs, counts, strict=True):
        for level, part in zip(_levels(school), _shares(count, _level_weights(school)), strict=True):
            if part:
                made.append(Group(school=school, certificate=code, level=level, count=part))
    return made


def _levels(school: School) -> tuple[str, str]:
    if school.kind == "secondary":
        return "elementary", "intermediate"
    if school.kind == "higher":
        return "intermediate", "elementary"
    return "intermediate", "advanced"


def _level_weights(school: School) -> Sequence[float]:
    return (0.85, 0.15) if school.kind == "secondary" else (0.7, 0.3)


def _shares(total: int, weights: Sequence[float]) -> list[int]:
    """Whole numbers that sum to ``total`` in the proportion of the weights (largest remainder)."""
    whole = sum(weights)
    exact = [total * weight / whole for weight in weights]
    counts = [int(share) for share in exact]
    order = sorted(range(len(weights)), key=lambda place: (counts[place] - exact[place], place))
    for place in order[: total - sum(counts)]:
        counts[place] += 1
    return counts


def candidates(count: int, *, seed: int, year: int) -> list[DemoCandidate]:
    """The whole roster of the main batch, in the order of schools."""
    rng = random.Random(f"kaowu demo {seed}")
    people = People(rng, looks=photos.LOOKS)
    drafts = [draft for group in groups(count) for draft in _group(group, people, rng, year)]
    return _accommodated(_fates(drafts, rng), random.Random(f"kaowu demo {seed} accommodations"))


def _accommodated(drafts: list[DemoCandidate], rng: random.Random) -> list[DemoCandidate]:
    """A handful of candidates with a disability, each granted something else."""
    ordinary = [place for place, draft in enumerate(drafts) if draft.fate is Fate.ORDINARY and not draft.social]
    chosen = dict(zip(sorted(rng.sample(ordinary, min(len(_GRANTED), len(ordinary)))), _GRANTED, strict=False))
    return [replace(draft, measures=chosen.get(place, draft.measures)) for place, draft in enumerate(drafts)]


def _group(group: Group, people: People, rng: random.Random, year: int) -> list[DemoCandidate]:
    unit_position = [unit.code for unit in UNITS].index(group.school.unit_code) + 1
    majors = certificate_of(group.certificate).majors
    made = []
    for _ in range(group.count):
        social = rng.random() < _SOCIAL_SHARE
        major = rng.choice(majors)
        grade = year - rng.choice((1, 2, 2, 3))
        person = people.candidate(unit_position, year=year, social=social)
        waived = not social and rng.random() < _WAIVER_SHARE
        ability = rng.gauss(0, 1)
        made.append(
            DemoCandidate(
                person=person,
                school=group.school,
                certificate=group.certificate,
                level=group.level,
                social=social,
                major="" if social else major,
                class_name="" if social else f"{grade}级{major[:4]}{rng.randint(1, 3)}班",
                student_no="" if social else f"{grade}{group.school.code[-2:]}{rng.randrange(100000):05d}",
                waiver=rng.choice(_WAIVERS) if waived else "",
                ability=ability,
                practice=0.7 * ability + 0.7 * rng.gauss(0, 1),
                fate=Fate.ORDINARY,
            )
        )
    return made


def _fates(drafts: list[DemoCandidate], rng: random.Random) -> list[DemoCandidate]:
    """Give everyone a fate; each kind happens at least once where anybody fits."""
    fates = [_fitting(_draw(rng), draft) for draft in drafts]
    for fate in (Fate.ABSENT, Fate.ABSENT_LAST, Fate.LATE, Fate.INCIDENT, Fate.EXEMPT, Fate.RESIT):
        if fate not in fates:
            fitting = [
                place for place, draft in enumerate(drafts) if fates[place] is Fate.ORDINARY and _fits(fate, draft)
            ]
            if fitting:
                fates[rng.choice(fitting)] = fate
    waiver_missing = not any(draft.waiver for draft in drafts)
    return [
        _with(draft, fate, waiver=_WAIVERS[0] if waiver_missing and place == 0 else draft.waiver)
        for place, (draft, fate) in enumerate(zip(drafts, fates, strict=True))
    ]


def _draw(rng: random.Random) -> Fate:
    value = rng.random()
    for fate, share in _SHARE.items():
        if value < share:
            return fate
        value -= share
    return Fate.ORDINARY


def _fits(fate: Fate, draft: DemoCandidate) -> bool:
    """Exemption and resit need a certificate of two parts; who is late is late for a part that lets the late in."""
    forms = certificate_of(draft.certificate).forms
    match fate:
        case Fate.RESIT:
            return draft.certificate == "BIM" and not draft.social
        case Fate.EXEMPT:
            return len(forms) == 2 and not draft.social
        case Fate.ABSENT_LAST:
            return len(forms) == 2
        case Fate.LATE | Fate.INCIDENT:
            return forms[0] == "computer"
    return True


def _fitting(fate: Fate, draft: DemoCandidate) -> Fate:
    """The drawn fate, or the nearest one where it cannot happen to this candidate."""
    if _fits(fate, draft):
        return fate
    return Fate.ABSENT if fate is Fate.ABSENT_LAST else Fate.ORDINARY


def _with(draft: DemoCandidate, fate: Fate, *, waiver: str) -> DemoCandidate:
    # Those whose story is told further on the road should pass it.
    least = 0.9 if fate in {Fate.EXEMPT, Fate.RESIT, Fate.LATE} else -9.0
    ability, practice = max(draft.ability, least), max(draft.practice, least)
    return replace(draft, waiver=waiver, ability=ability, practice=practice, fate=fate)
