"""Policies: keys, groups, one quorum."""

from __future__ import annotations

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from certificates.ledger.rules.notes import Kind, verifier_of
from certificates.ledger.rules.policy import BadPolicy, Policy, read_policy, written


def key(number: int, kind: Kind = Kind.COSIGNATURE) -> str:
    return verifier_of(
        f"w{number}.example", kind, Ed25519PrivateKey.from_private_bytes(bytes([number]) * 32).public_key()
    ).vkey


LOG = key(9, Kind.ED25519)
NESTED = f"""
# the example of C2SP tlog-policy, with keys
log {LOG}
witness X1 {key(1)} http://x1.example/
witness X2 {key(2)}
witness X3 {key(3)}
group X-witnesses 2 X1 X2 X3
witness Y1 {key(4)}
witness Y2\t{key(5)}
group Y-witnesses any Y1 Y2
group X-and-Y all X-witnesses Y-witnesses
quorum X-and-Y
"""


def cosigned(policy: Policy, names: str) -> bool:
    return policy.met([one.verifier for one in policy.witnesses if one.name in names.split()])


def test_nested_groups() -> None:
    policy = read_policy(NESTED)
    assert cosigned(policy, "X1 X3 Y2")
    assert not cosigned(policy, "X1 Y1 Y2")
    assert not cosigned(policy, "X1 X2 X3")
    assert not cosigned(policy, "")
    assert policy.least == 3
    assert policy.witnesses[0].url == "http://x1.example"
    assert read_policy(written(policy)) == policy


def test_no_quorum_and_a_single_witness() -> None:
    assert read_policy("quorum none").met([])
    assert read_policy("quorum none").least == 0
    single = read_policy(f"witness A {key(1)}\nquorum A\n")
    assert cosigned(single, "A")
    assert not single.met([])
    assert single.least == 1


@pytest.mark.parametrize(("text", "line"), [
    ("", "quorum"), ("quorum none\nquorum none", "quorum"), ("quorum A", "line 1"), (f"witness none {key(1)}", "line 1"),
    (f"witness A {key(1)}\nwitness B {key(1)}", "line 2"), (f"witness A {key(1)}\nwitness A {key(2)}", "line 2"),
    (f"witness A {LOG}", "line 1"), (f"log {key(1)}", "line 1"), (f"witness A {key(1)}\ngroup G 2 A", "line 2"),
    ("group G all A", "line 1"), (f"witness A {key(1)}\ngroup G 0 A", "line 2"), ("what is this", "line 1"),
    (f"witness A {key(1)}\ngroup G 2 A A", "line 2"), ("witness A nokey", "line 1"),
])  # fmt: skip
def test_the_line_that_is_wrong_is_named(text: str, line: str) -> None:
    with pytest.raises(BadPolicy, match=line):
        read_policy(text)
