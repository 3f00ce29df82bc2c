"""No attack on a signed file is accepted, and nothing in the place of the signature can say otherwise than it does."""

from __future__ import annotations

from pathlib import Path

import pytest

from certificates.issuing.rules.signature import Flaw, examine
from certificates.issuing.signer import sign
from tests.certificates import attacks
from tests.exam.kernel.print_home import link_fonts

pytestmark = pytest.mark.filterwarnings("ignore:Parsed a serial number")  # of a flipped certificate


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> attacks.World:
    home: Path = tmp_path_factory.mktemp("attacks") / "home"
    link_fonts(home)
    return attacks.make_world(home)


def test_no_attack_is_accepted(world: attacks.World) -> None:
    """Each changes a file that is accepted, and none is; where the signature can still be read, it is called altered."""
    assert examine(world.signed, world.roots).accepted
    made = attacks.attacks(world)
    assert len(made) >= 70
    assert all(data != world.signed for data in made.values())
    found = {name: examine(data, world.roots) for name, data in made.items()}
    assert [name for name, one in found.items() if one.accepted] == []
    assert found["shadow replace: content overwritten"].flaws == (Flaw.NOT_WHOLE, Flaw.CHANGED_LATER)
    assert found["digits in upper case"].flaws == (Flaw.BROKEN_FIELD,)
    assert found["streams swapped"].ours
    assert found["a certificate for servers"].flaws == (Flaw.UNTRUSTED,)
    assert found["a certificate that had ended"].flaws == (Flaw.NOT_VALID_THEN,)
    unreadable = {name for name, one in found.items() if not one.ours and Flaw.UNTRUSTED not in one.flaws}
    assert len(unreadable) == 10, unreadable


def test_every_digit_of_the_signature_has_one_permitted_value(world: attacks.World) -> None:
    """Nothing covers the gap but the form of what stands in it: a flipped bit there is seen as well."""
    start, end = attacks.gap_of(world.signed)
    used = len(world.signed[start : end - 1].rstrip(b"0"))
    for place in (*range(24), *range(24, used, 23), used + 40, end - start - 1):
        for bit in (0, 2, 5):
            changed = bytearray(world.signed)
            changed[start + place] ^= 1 << bit
            assert not examine(bytes(changed), world.roots).accepted, (place, bit)


def test_an_authority_may_stand_between_and_only_as_deep_as_it_may(world: attacks.World) -> None:
    between = attacks.under(world.authority, "Between", ca=True, serial=2)
    below = sign(world.drawn, attacks.under(between, "Below", serial=3))
    assert examine(below, world.roots).accepted
    deeper = attacks.under(between, "Deeper", ca=True, serial=4)
    assert examine(sign(world.drawn, attacks.under(deeper, "x", serial=5)), world.roots).accepted
    shallow = attacks.under(world.authority, "Shallow", ca=True, serial=6, depth=0)
    deep = attacks.under(shallow, "Deep", ca=True, serial=7)
    assert examine(sign(world.drawn, attacks.under(shallow, "x", serial=8)), world.roots).accepted
    assert not examine(sign(world.drawn, attacks.under(deep, "x", serial=9)), world.roots).accepted
