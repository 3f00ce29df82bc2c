"""Flipped bits and attacks on a signed certificate: the case `tamper` of :mod:`benchmarks.certificates`.

10,000 single-bit flips of one file, spread over it by a fixed seed; `missed` are those outside the signature's own gap that
are still accepted. The gap itself (the digits of the signature, which nothing covers) is flipped as often:
`gap_flips`, `gap_accepted`. Then every attack of tests/certificates/attacks.py: `attacks`, `accepted`. What is asked is
`examine`, without the register: with it a file must be one of those that were issued, byte for byte.
"""

from __future__ import annotations

import random
import tempfile
import warnings
from pathlib import Path
from typing import Any, Final

from certificates.issuing.rules.signature import examine
from tests.certificates.attacks import attacks, gap_of, make_world
from tests.exam.kernel.print_home import link_fonts

FLIPS: Final = 10_000
GAP_FLIPS: Final = 2_000
SEED: Final = 20260516


def tamper() -> dict[str, Any]:
    """Run the case and return its figures."""
    warnings.filterwarnings("ignore", module="certificates")  # flipped certificates make the parser complain
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder) / "home"
        link_fonts(home)
        world = make_world(home)
    if not examine(world.signed, world.roots).accepted:
        raise RuntimeError("the untouched file is not accepted")
    start, end = gap_of(world.signed)
    chance = random.Random(f"{SEED} flips")
    outside = [place for place in range(len(world.signed)) if not start <= place < end]
    missed = _accepted(world.signed, world.roots, [chance.choice(outside) for _ in range(FLIPS)], chance)
    used = start + len(world.signed[start : end - 1].rstrip(b"0"))
    inside = [chance.randrange(start, used) for _ in range(GAP_FLIPS)]
    gap_accepted = _accepted(world.signed, world.roots, inside, chance)
    found = {name: examine(data, world.roots).accepted for name, data in attacks(world).items()}
    return {
        "flips": FLIPS,
        "missed": missed,
        "gap_flips": GAP_FLIPS,
        "gap_accepted": gap_accepted,
        "attacks": len(found),
        "accepted": sum(found.values()),
        "bytes": len(world.signed),
    }


def _accepted(signed: bytes, roots: list[bytes], places: list[int], chance: random.Random) -> int:
    count = 0
    changed = bytearray(signed)
    for place in places:
        bit = 1 << chance.randrange(8)
        changed[place] ^= bit
        count += examine(bytes(changed), roots).accepted
        changed[place] ^= bit
    return count
