"""Archival copies: what we write others accept at its level, and no change to one is accepted, whatever it looks like."""

from __future__ import annotations

import hashlib
import io
import re
import shutil
import subprocess
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pikepdf
import pytest
from asn1crypto import x509 as asn1_x509
from cryptography.hazmat.primitives.serialization import Encoding
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.ades.report import AdESPassed
from pyhanko.sign.diff_analysis import ModificationLevel
from pyhanko.sign.validation import async_validate_pdf_signature, async_validate_pdf_timestamp
from pyhanko.sign.validation.ades import ades_lta_validation
from pyhanko.sign.validation.policy_decl import PdfSignatureValidationSpec, SignatureValidationSpec
from pyhanko.sign.validation.settings import KeyUsageConstraints
from pyhanko_certvalidator import ValidationContext
from pyhanko_certvalidator.context import CertValidationPolicySpec
from pyhanko_certvalidator.policy_decl import CertRevTrustPolicy, RevocationCheckingPolicy
from pyhanko_certvalidator.registry import SimpleTrustManager

from certificates.archive.documents import NotReached, archived, renewed
from certificates.archive.rules.ground import NotArchivable, ground_of
from certificates.archive.rules.reading import Reading, examine_any, read
from certificates.archive.rules.revisions import Values, with_values
from certificates.issuing.rules.signature import Flaw, Level, examine
from certificates.issuing.signer import sign
from certificates.stamps.rules.tokens import request, token_of
from tests.certificates import attacks
from tests.certificates.stamps import authority
from tests.exam.kernel.print_home import link_fonts

pytestmark = [authority.needs_openssl, pytest.mark.filterwarnings("ignore:Parsed a serial number")]


class World:
    """A certificate as issued, a time stamp authority, what both issuers say of revocations, and the copies."""

    def __init__(self, folder: Path) -> None:
        link_fonts(folder / "home")
        self.issued = attacks.make_world(folder / "home")
        self.stamping = authority.make(folder / "tsa")
        root = self.issued.authority
        self.lists = [authority.crl_of(root.chain[0], root.key), self.stamping.crl()]
        self.copies = {level: self.copy(self.issued.signed, level) for level in (Level.B_T, Level.B_LT, Level.B_LTA)}

    def stamp(self, message: bytes) -> bytes:
        imprint = hashlib.sha256(message).digest()
        return token_of(self.stamping.answer(request(imprint, 7)), imprint, 7, self.stamping.roots)[0]

    def collect(self, found: Reading) -> Values:
        ders = tuple(one.public_bytes(Encoding.DER) for path in found.paths for one in path)
        return Values(certificates=ders, lists=tuple(one.public_bytes(Encoding.DER) for one in self.lists))

    @property
    def trust(self) -> dict[str, Any]:
        return {"roots": self.issued.roots, "stamp_roots": self.stamping.roots_der}

    def copy(self, data: bytes, level: Level, collect: Callable[[Reading], Values] | None = None) -> bytes:
        return archived(data, level, stamp=self.stamp, collect=collect or self.collect, **self.trust)

    def look(self, data: bytes) -> Any:
        return examine_any(data, **self.trust)


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> World:
    return World(tmp_path_factory.mktemp("archive"))


def test_a_copy_is_the_issued_file_with_more_behind_it_and_says_its_level(world: World) -> None:
    signed = world.issued.signed
    assert world.look(signed) == examine(signed, world.issued.roots, world.stamping.roots_der)
    for level, data in world.copies.items():
        found = world.look(data)
        assert data.startswith(signed)
        assert (found.accepted, found.level) == (True, level)
        assert found.original_sha256 == found.registered_sha256 == hashlib.sha256(signed).hexdigest()
        assert found.sha256 == hashlib.sha256(data).hexdigest()
        assert found.stamped_by == "Stamp Authority"
        elsewhere = examine_any(data, world.issued.roots)  # who knows no authority sees the same file, without a time
        assert (elsewhere.accepted, elsewhere.level, elsewhere.stamped_at) == (True, Level.B_B, None)
        assert not examine(data, world.issued.roots).accepted  # the eyes that look at what is issued want one revision
    again = renewed(world.copies[Level.B_LTA], stamp=world.stamp, collect=world.collect, **world.trust)
    assert world.look(again).level is Level.B_LTA
    assert len(read(again, **world.trust).stamps) == 3


def test_a_stamped_file_needs_no_further_stamp_for_lt(world: World) -> None:
    stamped = sign(world.issued.drawn, world.issued.signer, world.stamp)
    assert world.copy(stamped, Level.B_T) == stamped
    copy = world.copy(stamped, Level.B_LTA)
    assert world.look(copy).level is Level.B_LTA
    assert copy.count(b"/DocTimeStamp") == 1


async def test_others_find_the_same(world: World, tmp_path: Path) -> None:
    """pyHanko: both signatures hold and nothing but the archive was added; pdfsig, qpdf and mutool read it."""
    data = world.copies[Level.B_LTA]
    trusted = [asn1_x509.Certificate.load(one) for one in (*world.issued.roots, *world.stamping.roots_der)]
    reader = PdfFileReader(io.BytesIO(data))
    first, *later = reader.embedded_signatures
    found = await async_validate_pdf_signature(
        first, ValidationContext(trust_roots=trusted), key_usage_settings=KeyUsageConstraints(key_usage={"digital_signature"})
    )  # fmt: skip
    assert (found.bottom_line, found.modification_level) == (True, ModificationLevel.LTA_UPDATES)
    assert [one.sig_object["/Type"] for one in later] == ["/DocTimeStamp"] * 2
    for one in later:
        stamp = await async_validate_pdf_timestamp(one, ValidationContext(trust_roots=trusted))
        assert stamp.intact
        assert stamp.trusted
    store = reader.root["/DSS"]
    assert (len(store["/Certs"]), len(store["/CRLs"])) == (4, 2)
    file = tmp_path / "copy.pdf"
    file.write_bytes(data)
    if shutil.which("pdfsig"):
        said = _said("pdfsig", "-nocert", file)
        assert said.count("Signature is Valid") == 1  # it lists time stamps of the document and does not judge them
        assert said.count("has not yet been verified") == 2
        assert "\n  - Total document signed" in said.split("Signature #3")[1]
    if shutil.which("qpdf"):
        assert "No syntax or stream encoding errors" in _said("qpdf", "--check", file)
    if shutil.which("mutool"):
        assert "The signature is valid but there have been edits since" in _said("mutool", "sign", "-v", file)
    with pikepdf.open(io.BytesIO(data)) as opened:
        assert len(opened.pages) == 1
        assert str(opened.Root.Extensions.ESIC.BaseVersion) == "/1.7"


async def test_pyhanko_judges_the_last_level_as_the_standard_does(world: World) -> None:
    """ETSI EN 319 102-1, 5.6.3, hard on revocation: passed with everything in the file and nothing fetched."""
    trusted = [asn1_x509.Certificate.load(one) for one in (*world.issued.roots, *world.stamping.roots_der)]
    demands = CertRevTrustPolicy(RevocationCheckingPolicy.from_legacy("hard-fail"))
    policy = CertValidationPolicySpec(trust_manager=SimpleTrustManager.build(trusted), revinfo_policy=demands)
    usage = KeyUsageConstraints(key_usage={"digital_signature"})
    spec = PdfSignatureValidationSpec(SignatureValidationSpec(cert_validation_policy=policy, key_usage_settings=usage))
    stamped = sign(world.issued.drawn, world.issued.signer, world.stamp)
    for level, passes in ((Level.B_LTA, True), (Level.B_LT, False)):
        reader = PdfFileReader(io.BytesIO(world.copy(stamped, level)))
        found = await ades_lta_validation(reader.embedded_signatures[0], spec)
        assert (found.ades_subindic is AdESPassed.OK) is passes, found.ades_subindic


def test_no_attack_on_a_copy_is_accepted(world: World) -> None:
    """Everything put behind the issued file (the rest `examine` sees, test_attacks.py), and what imitates the archive."""
    signed = world.issued.signed
    for name, build in attacks._added(world.issued).items():
        assert not world.look(build()).accepted, name
    copy = world.copies[Level.B_LTA]
    tail = copy[len(signed) :]
    for name, data in imitations(world, copy).items():
        found = world.look(data)
        assert not found.accepted, name
        assert Flaw.NOT_WHOLE in found.flaws or found.flaws, name
    assert world.look(signed + tail).accepted


def test_no_flipped_bit_of_the_archive_is_accepted(world: World) -> None:
    """Outside the values (which nothing covers before the last stamp) and the digits each byte is what we would write."""
    copy = world.copies[Level.B_LTA]
    begin = len(world.issued.signed)
    for place in range(begin, len(copy), 389):
        changed = bytearray(copy)
        changed[place] ^= 1
        assert not world.look(bytes(changed)).accepted, place


def test_a_level_is_not_claimed_without_the_values_for_it(world: World) -> None:
    only_ours = [one.public_bytes(Encoding.DER) for one in world.lists[:1]]
    with pytest.raises(NotReached) as refused:
        world.copy(world.issued.signed, Level.B_LT, lambda found: Values(lists=tuple(only_ours)))
    assert refused.value.facts["missing"] == "CN=Stamp Authority"
    with pytest.raises(NotReached) as refused:
        renewed(
            world.copies[Level.B_T], stamp=world.stamp, collect=lambda _: Values(lists=tuple(only_ours)), **world.trust
        )
    assert refused.value.facts["missing"] == "CN=Stamp Authority"


def test_a_revoked_signer_is_not_covered_up(world: World) -> None:
    """A list that says the key was revoked before the stamp does not make the copy one that can be judged well."""
    root = world.issued.authority
    revoked = authority.crl_of(root.chain[0], root.key, (4711, datetime(2026, 5, 1, tzinfo=UTC)))
    world_lists = tuple(one.public_bytes(Encoding.DER) for one in (revoked, world.lists[1]))
    with pytest.raises(NotReached):
        world.copy(world.issued.signed, Level.B_LT, lambda _: Values(lists=world_lists))


def test_what_is_not_ours_is_not_archived(world: World) -> None:
    for data in (b"", b"%PDF-1.7\n", world.issued.drawn, world.issued.signed + b" "):
        with pytest.raises(NotArchivable):
            read(data, **world.trust)
    with pytest.raises(NotArchivable):
        ground_of(b"%PDF-1.7\nstartxref\n9\n%%EOF\n")


def imitations(world: World, copy: bytes) -> dict[str, bytes]:
    """Copies in which something else was done where the archive writes."""
    signed = world.issued.signed
    begin = len(signed)
    ground = ground_of(signed)
    last = read(copy, **world.trust).ground
    noise = Values(certificates=(b"no certificate",))
    overlay = b"<</Type/Annot/Subtype/FreeText/Rect[50 300 400 380]/Contents(Forged)/DA(/Helv 40 Tf)>>"
    values = copy[begin:].index(b"/Type/DSS") + begin
    return {
        "space": copy + b" ",
        "cut in a revision": copy[:-200],
        "empty update": copy + b"xref\n0 0\ntrailer\n<</Size 9/Root 1 0 R/Prev %d>>\nstartxref\n%d\n%%%%EOF\n" % (last.last, len(copy)),
        "page content in an update that says DSS": copy
        + with_values(len(copy), last, Values())[0].replace(b"<</Type/DSS", b"<</Type/DSS/Contents 6 0 R"),
        "catalogue with other pages": copy[:begin] + re.sub(rb"/Pages \d+ 0 R", b"/Pages 9 0 R", copy[begin:], count=1),
        "page with other contents": copy[:begin]
        + re.sub(rb"(/Type/Page/Parent.*?/Contents) \d+", rb"\1 9", copy[begin:], count=1, flags=re.DOTALL),
        "field made visible": copy.replace(b"/Rect[-1 -1 -1 -1]", b"/Rect[50 50 400 400]"),
        "overlay instead of the field": copy[:begin]
        + re.sub(rb"<</Type/Annot.*?>>", overlay, copy[begin:], count=1, flags=re.DOTALL),
        "something that is no certificate": signed + with_values(begin, ground, noise)[0],
        "values of another file's numbers": signed + with_values(begin, last, world.collect(read(copy, **world.trust)))[0],
        "an object more": copy[: values - 12] + b"6 0 obj\n<</Length 0>>stream\n\nendstream\nendobj\n" + copy[values - 12 :],
        "stamp of another file": signed + _revision(copy, begin, b"0"),
        "revisions in another order": signed + copy[values - 12 :] + copy[begin : values - 12],
        "digits in upper case": copy[:-3000] + copy[-3000:].replace(b"a", b"A"),
    }  # fmt: skip


def _revision(copy: bytes, begin: int, digit: bytes) -> bytes:
    """The first revision, its stamp's digits rubbed out from the middle."""
    end = copy.index(b"%%EOF\n", begin) + 6
    text = copy[begin:end]
    hole = text.index(b"<30") + 1
    return text[: hole + 2000] + digit * 2000 + text[hole + 4000 :]


def _said(*command: object) -> str:
    return subprocess.run([str(one) for one in command], capture_output=True, text=True, check=False).stdout
