"""Signed notes and keys, by the published examples."""

from __future__ import annotations

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from certificates.ledger.rules.notes import (
    BadNote,
    Kind,
    Note,
    Signature,
    holds,
    read_note,
    sign,
    signatures_in,
    signers,
    verifier_named,
    verifier_of,
)

KEY = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
FOO = "example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k"
FOO_NOTE = """This is an example message.

— example.com/foo Uw2QOkn8srV1yJGh2VYRlL1Tnagv1YEq6TfXppzi2ONncAlTgK7Ztg1ERYNZXsYjOBH3mFXmRKuwHjG1Yu72IneyaQM=
"""
"""C2SP signed-note, section Example."""
COSIGNED = """example.com/behind-the-sofa
20852163
CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=

— example.com/behind-the-sofa Az3grlgtzPICa5OS8npVmf1Myq/5IZniMp+ZJurmRDeOoRDe4URYN7u5/Zhcyv2q1gGzGku9nTo+zyWE+xeMcTOAYQ8=
— witness.example.com/w1 jWbPPwAAAABkGFDLEZMHwSRaJNiIDoe9DYn/zXcrtPHeolMI5OWXEhZCB9dlrDJsX3b2oyin1nPZqhf5nNo0xUe+mbIUBkBIfZ+qnA==
"""
"""C2SP tlog-cosignature, introduction."""


def test_the_example_of_the_specification_holds() -> None:
    foo, note = verifier_named(FOO), read_note(FOO_NOTE)
    assert note.text == "This is an example message.\n"
    assert list(signers(note, [foo])) == [foo]
    assert str(note) == FOO_NOTE
    assert foo.vkey == FOO
    changed = read_note(FOO_NOTE.replace("message", "massage"))
    with pytest.raises(BadNote, match=r"signature of example\.com/foo"):
        signers(changed, [foo])


def test_the_example_of_a_cosignature_is_read() -> None:
    log, witness = read_note(COSIGNED).signatures
    assert (log.name, log.time) == ("example.com/behind-the-sofa", 0)
    assert (witness.id.hex(), witness.time) == ("8d66cf3f", 1679315147)
    assert str(read_note(COSIGNED)) == COSIGNED


@pytest.mark.parametrize(
    ("vkey", "kind"),
    [
        ("remora.n621.de+da77ade7+BOvN63jn/bLvkieywe8R6UYAtVtNbZpXh34x7onlmtw2", Kind.COSIGNATURE),
        ("TEST+7997405c+AQcC+FTVKf0jlTdHDY3rbevmnKxxPjigCXlVtGe6RIr6", Kind.ED25519),
    ],
)
def test_published_keys_have_the_ids_that_they_say(vkey: str, kind: Kind) -> None:
    verifier = verifier_named(vkey)
    assert (verifier.kind, verifier.vkey) == (kind, vkey)


@pytest.mark.parametrize("vkey", [
    "", "foo", "example.com/foo+530d903b+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k", "rekor.example+12345678+AwEB",
    "rekor.example+12345678+THIS_IS_NOT_BASE64!", "a b+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k",
])  # fmt: skip
def test_other_keys_are_refused(vkey: str) -> None:
    with pytest.raises(BadNote):
        verifier_named(vkey)


def test_log_and_witness_sign_each_in_its_own_way() -> None:
    text = "log.example\n1\nf+7CoKgXKE/tNys9TTXcr/ad6U/K3xvznmzew9y6SP0=\n"
    log, witness = (
        verifier_of("log.example", Kind.ED25519, KEY.public_key()),
        verifier_of("w.example", Kind.COSIGNATURE, KEY.public_key()),
    )
    assert log.id != witness.id
    first, second = sign(text, log, KEY.sign), sign(text, witness, KEY.sign, time=1679315147)
    assert holds(text, first, log)
    assert holds(text, second, witness)
    assert second.time == 1679315147
    later = Signature(second.name, second.id, (1679315148).to_bytes(8, "big") + second.value[8:])
    assert not holds(text, later, witness)
    assert not holds(text + "extension\n", second, witness)
    assert not holds(text, Signature("w.example", witness.id, first.value), witness)
    assert signatures_in(first.line + second.line) == [first, second]
    with pytest.raises(BadNote):
        verifier_of("a b", Kind.ED25519, KEY.public_key())


def test_unknown_signatures_are_passed_over_and_a_wrong_one_of_a_known_key_is_not() -> None:
    text = "hello\n"
    log = verifier_of("log.example", Kind.ED25519, KEY.public_key())
    stranger = Signature("else.example", b"1234", bytes(64))
    own = sign(text, log, KEY.sign)
    assert signers(read_note(str(Note(text, (stranger, own)))), [log]) == {log: own}
    assert signers(Note(text, (stranger,)), [log]) == {}
    wrong = Signature(own.name, own.id, bytes(64))
    with pytest.raises(BadNote, match="does not hold"):
        signers(Note(text, (wrong, own)), [log])


@pytest.mark.parametrize("text", [
    "", "text\n", "text\n\n", "\n— a AAAAAAA=\n", "text\n\n— a AAAAAAA=", "text\n\n— a AAAA\n", "te\txt\n\n— a AAAAAAA=\n",
    "text\n\n- a AAAAAAA=\n", "text\n\n— a b AAAAAAA=\n", "text\n\n— a AAAAAAB=\n", "text\n\n" + "— a AAAAAAA=\n" * 65,
    "x" * 64_001 + "\n\n— a AAAAAAA=\n",
])  # fmt: skip
def test_what_is_no_note_is_refused(text: str) -> None:
    with pytest.raises(BadNote):
        read_note(text)
