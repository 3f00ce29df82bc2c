"""Demand at one site or many, as the national instance has it, without a placement to wait for.

About a thousand candidates a site in thirty (certificate, level) pairs whose sizes follow Zipf's law, one to three
components in order, 6 days of 3 slots; rooms that the packing bound fills to about 87%, stations with 13% to spare.
"""

from __future__ import annotations

from random import Random
from typing import Final

from benchmarks.instances import figures
from benchmarks.instances.figures import (
    COMPUTER_SEATS,
    FIRST_PRACTICAL_SLOT,
    KIND_PERCENT,
    KINDS,
    LEVELS,
    PAPER_SEATS,
    SLACK,
    STATION_MINUTES,
)
from scheduling.planning.rules.capacity import rounds
from scheduling.planning.rules.plan import Placement
from scheduling.planning.rules.problem import (
    FORMAT,
    Approval,
    Certificate,
    Form,
    Group,
    Institution,
    Level,
    Prefecture,
    Problem,
    Room,
    Rules,
    Scheme,
    Site,
    Slot,
    Workshop,
)

FILLED: Final = 0.87
_CERTIFICATES: Final = 10
_FAR_SHARE: Final = 0.2  # of the groups
_SCHOOLS: Final = 4  # per site, near; and as many far ones
_KM_PER_DEGREE: Final = 111.2


def instance(
    seed: int = 1, *, sites: int = 1, candidates: int = 1000, days: int = 6
) -> tuple[Problem, tuple[Placement, ...]]:
    """Make a problem, and placements that send every group to its site; the same seed makes the same."""
    rng = Random(f"{seed} sessions")
    slots = figures.slots(days)
    certificates: list[Certificate] = []
    schools: list[Institution] = []
    groups: list[Group] = []
    found: list[Site] = []
    placements: list[Placement] = []
    for number in range(sites):
        own = _certificates(rng, number)
        near = _schools(number, "N", 0.2)
        far = _schools(number, "F", 150 / _KM_PER_DEGREE)
        here = _groups(rng, number, own, near, far, candidates)
        certificates += own
        schools += [*near, *far]
        groups += here
        found.append(_site(rng, number, own, here, near[0], slots))
        placements += [Placement(group=one.id, site=found[-1].id, first=0, count=one.count) for one in here]
    problem = Problem(
        format=FORMAT,
        name=f"sessions seed {seed}",
        slots=slots,
        prefectures=(Prefecture(id="P1", name="示例市", province="42", lat=30.0, lon=112.0),),
        institutions=tuple(schools),
        certificates=tuple(certificates),
        sites=tuple(found),
        groups=tuple(groups),
        rules=Rules(),
    )
    return problem, tuple(placements)


def _certificates(rng: Random, site: int) -> list[Certificate]:
    made = []
    for number in range(_CERTIFICATES):
        (forms,) = rng.choices(KINDS, KIND_PERCENT)
        components = figures.components(forms, rng.choice(STATION_MINUTES))
        schemes = tuple(Scheme(level=level, components=components) for level in LEVELS)
        made.append(
            Certificate(id=f"C{site + 1:04d}-{number + 1:02d}", name=f"证书{number + 1}（演示）", schemes=schemes)
        )
    return made


def _schools(site: int, kind: str, degrees: float) -> list[Institution]:
    return [
        Institution(
            id=f"I{site + 1:04d}{kind}{number + 1}",
            name=f"第{number + 1}职业学院（演示）",
            prefecture="P1",
            lat=round(30.0 + degrees + number / 100, 4),
            lon=112.0,
        )
        for number in range(_SCHOOLS)
    ]


def _groups(
    rng: Random,
    site: int,
    certificates: list[Certificate],
    near: list[Institution],
    far: list[Institution],
    candidates: int,
) -> list[Group]:
    """Sizes by Zipf's law over (certificate, level); each from one to three schools, some of them far away."""
    pairs = [(certificate, level) for certificate in certificates for level in LEVELS]
    rng.shuffle(pairs)
    total = sum(1 / rank for rank in range(1, len(pairs) + 1))
    made: list[Group] = []
    for rank, (certificate, level) in enumerate(pairs, start=1):
        left = max(1, round(candidates / rank / total))
        parts = [component.id for component in certificate.schemes[0].components]
        for school in range(rng.randint(1, 3)):
            count = left if school == 2 else rng.randint(1, left)
            home = rng.choice(far if rng.random() < _FAR_SHARE else near)
            made.append(
                Group(
                    id=f"G{site + 1:04d}-{len(made) + 1:03d}",
                    institution=home.id,
                    certificate=certificate.id,
                    level=level,
                    components=tuple(parts),
                    count=count,
                )
            )
            left -= count
            if not left:
                break
    return made


def _site(
    rng: Random,
    number: int,
    certificates: list[Certificate],
    groups: list[Group],
    host: Institution,
    slots: tuple[Slot, ...],
) -> Site:
    demand: dict[tuple[str, Level], int] = {}
    for group in groups:
        demand[group.certificate, group.level] = demand.get((group.certificate, group.level), 0) + group.count
    size = rng.choice(COMPUTER_SEATS)
    rooms: list[Room] = []
    for form, seats, usable in ((Form.PAPER, PAPER_SEATS, PAPER_SEATS), (Form.COMPUTER, size, size - -(-size // 10))):
        sessions = sum(
            -(-demand.get((certificate.id, level), 0) // usable)
            for certificate in certificates
            for level in LEVELS
            if any(one.form is form for one in certificate.schemes[0].components)
        )
        rooms += _rooms(rng, form, seats, sessions, slots)
    return Site(
        id=f"S{number + 1:04d}",
        name=f"第{number + 1}考点（演示）",
        institution=host.id,
        prefecture="P1",
        lat=30.0,
        lon=112.0,
        approvals=tuple(Approval(certificate=one.id) for one in certificates),
        rooms=tuple(rooms),
        workshops=tuple(shop for one in certificates if (shop := _workshop(rng, one, demand, slots))),
    )


def _rooms(rng: Random, form: Form, seats: int, sessions: int, slots: tuple[Slot, ...]) -> list[Room]:
    """As many rooms as it takes; the surplus is closed, so that the sessions fill 87% of what is open."""
    opened = max(sessions, round(sessions / FILLED))
    count = -(-opened // len(slots))
    pairs = [(room, slot) for room in range(count) for slot in range(len(slots))]
    closed = set(rng.sample(pairs, len(pairs) - opened)) if opened else set()
    return [
        Room(
            id=f"{form.value[0].upper()}{room + 1:02d}",
            form=form,
            seats=seats,
            closed=tuple(slot.id for at, slot in enumerate(slots) if (room, at) in closed),
        )
        for room in range(count)
    ]


def _workshop(
    rng: Random, certificate: Certificate, demand: dict[tuple[str, Level], int], slots: tuple[Slot, ...]
) -> Workshop | None:
    """13% more stations, over the slots in which it is open, than the levels need."""
    component = certificate.schemes[0].components[-1]
    if component.form is not Form.PRACTICAL:
        return None
    served = rounds(component.minutes, slots[0], Rules())
    needed = sum(-(-demand.get((certificate.id, level), 0) // served) for level in LEVELS)
    if not needed:
        return None
    usable = list(range(FIRST_PRACTICAL_SLOT, len(slots)))
    stations = -(-round(needed * SLACK) // len(usable))
    wanted = min(len(usable), -(-round(needed * SLACK) // stations))
    opened = set(rng.sample(usable, wanted))
    return Workshop(
        id=f"W-{certificate.id}",
        certificate=certificate.id,
        stations=stations,
        closed=tuple(slot.id for at, slot in enumerate(slots) if at not in opened),
    )
