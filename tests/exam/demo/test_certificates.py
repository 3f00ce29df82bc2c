"""The demo's schemes pass the catalogue's own checks, and its item banks hold enough real questions."""

from collections import Counter

import pytest

from exam.catalogue.rules import Level, parse_definition
from exam.demo.certificates import BLUEPRINT, CERTIFICATES, ORGANISATIONS, definitions
from exam.demo.items import bank


def test_eighteen_schemes_are_valid_and_under_their_cap() -> None:
    drafts = [parse_definition(definition) for definition in definitions()]
    assert len(drafts) == 18
    assert {draft.level for draft in drafts} == set(Level)
    assert all(draft.fee_yuan <= draft.fee_cap_yuan for draft in drafts)


def test_the_three_proven_pass_rules_and_all_four_forms_are_used() -> None:
    drafts = [parse_definition(definition) for definition in definitions()]
    assert {draft.pass_rule.code for draft in drafts} == {"R1", "R2", "R3"}
    assert len({component.form for draft in drafts for component in draft.components}) == 4


def test_six_certificates_of_five_organisations() -> None:
    assert len(CERTIFICATES) == 6
    assert {certificate.organisation for certificate in CERTIFICATES} == {one.code for one in ORGANISATIONS}
    assert len(ORGANISATIONS) == 5


@pytest.mark.parametrize("code", [certificate.code for certificate in CERTIFICATES])
def test_a_bank_fills_the_blueprint_with_room_to_choose(code: str) -> None:
    items = bank(code)
    have = Counter(item.kind for item in items)
    assert all(have[section["kind"]] > section["count"] for section in BLUEPRINT["sections"])
    assert len({item.stem for item in items}) == len(items)
    for item in items:
        if item.kind in {"single", "multiple"}:
            assert len(item.options) == 4
            assert all(letter in "ABCD" for letter in item.key)
