"""Signing and looking: what was signed is accepted, here and in a bare child; every change to it is not."""

from __future__ import annotations

import io
import re
import shutil
import stat
import subprocess
from datetime import UTC, date, datetime
from pathlib import Path
from uuid import uuid4

import pikepdf
import pytest
from asn1crypto import x509 as asn1_x509
from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.validation import validate_pdf_signature
from pyhanko.sign.validation.settings import KeyUsageConstraints
from pyhanko.sign.validation.status import SignatureCoverageLevel
from pyhanko_certvalidator import ValidationContext

from certificates.designs.queries import built_in_template
from certificates.issuing import signer as signing
from certificates.issuing.documents import Attachment, Intent, draw
from certificates.issuing.rules.face import Face
from certificates.issuing.rules.signature import Flaw, examine
from certificates.issuing.signer import CannotSign, load_signer, roots, sign, signer_of
from certificates.keys.rules.authority import Validity, signer_certificate
from certificates.keys.rules.purposes import Purpose
from certificates.verification.checker import check
from certificates.verification.rules import Verdict, file_verdict
from exam.kernel import printing
from exam.kernel.settings import Settings
from tests.exam.kernel.print_home import link_fonts


@pytest.fixture(scope="module")
def installation(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    home = tmp_path_factory.mktemp("signing") / "home"
    link_fonts(home)
    return Settings(home=home)


@pytest.fixture(scope="module")
def drawn(installation: Settings) -> bytes:
    found = printing.dummy("certificate")
    photo = io.BytesIO()
    Image.new("RGB", (250, 350), "#f4f4f4").save(photo, "JPEG")
    intent = Intent(
        id=uuid4(),
        number=found["number"],
        version=1,
        token="A" * 22,
        template=built_in_template(),
        face=Face.from_data(found["face"]),
        id_number=found["id_number"],
        photo_sha256="",
        numbered_at=datetime(2026, 5, 16, 1, tzinfo=UTC),
    )
    return draw(
        intent,
        photo=photo.getvalue(),
        base_url="http://example.org",
        signer_name="演示",
        home=installation.home,
        attachments=[Attachment("ledger-proof.txt", "text/plain", "登记簿证明", b"proof " * 99)],
    )


@pytest.fixture(scope="module")
def signed(drawn: bytes, installation: Settings) -> bytes:
    return sign(drawn, signer_of(installation))


async def test_what_was_signed_is_accepted_here_in_a_child_and_outside(
    signed: bytes, installation: Settings, tmp_path: Path
) -> None:
    trusted = roots(installation)
    found = examine(signed, trusted)
    assert found.accepted
    assert found.signed_at == datetime(2026, 5, 16, 1, tzinfo=UTC)
    assert await check(signed, trusted) == found
    file = tmp_path / "signed.pdf"
    file.write_bytes(signed)
    if shutil.which("pdfsig"):
        said = subprocess.run(["pdfsig", "-nocert", file], capture_output=True, text=True, check=False).stdout  # noqa: ASYNC221
        assert "Signature is Valid" in said
        assert "Total document signed" in said


def test_the_signed_file_is_one_revision_tagged_and_conforming_in_what_can_be_read(signed: bytes) -> None:
    assert signed.count(b"startxref") == 1
    with pikepdf.open(io.BytesIO(signed)) as opened:
        root = opened.Root
        assert root.MarkInfo.Marked
        assert str(root.Lang) == "zh-CN"
        assert root.OutputIntents[0].S == "/GTS_PDFA1"
        metadata = bytes(root.Metadata.read_bytes()).decode()
        assert re.search(r'part(="|>)3', metadata)
        assert re.search(r"pdfuaid:part>1", metadata)
        field = root.AcroForm.Fields[0]
        assert field.TU
        assert field.V.SubFilter == "/ETSI.CAdES.detached"
        assert opened.pages[0].Tabs == "/S"
        numbers = root.StructTreeRoot.ParentTree.Nums
        element = numbers[-1]
        assert int(numbers[-2]) == int(field.StructParent)
        assert element.S == "/Form"
        assert element.K.Obj.objgen == field.objgen
        assert metadata.count("<rdf:RDF") == 1
        assert "<xmp:ModifyDate>2026-05-16T01:00:00+00:00<" in metadata
        (file,) = root.AF
        assert file.objgen == root.Names.EmbeddedFiles.Names[1].objgen
        assert (str(file.UF), file.AFRelationship) == ("ledger-proof.txt", "/Data")
        assert file.EF.F.Subtype == "/text/plain"
        assert str(file.EF.F.Params.ModDate) == "D:20260516010000+00'00'"
        assert file.EF.F.read_bytes() == b"proof " * 99
        assert file.EF.F.Filter == "/FlateDecode"
        assert all(
            "/Interpolate" not in image or not image.Interpolate for image in opened.pages[0].get_images().values()
        )


@settings(max_examples=150)
@given(st.data())
def test_no_flipped_bit_outside_the_signatures_own_digits_is_accepted(
    signed: bytes, installation: Settings, data: st.DataObject
) -> None:
    trusted = roots(installation)
    place = data.draw(st.integers(0, len(signed) - 1))
    changed = bytearray(signed)
    changed[place] ^= 1 << data.draw(st.integers(0, 7))
    found = examine(bytes(changed), trusted)
    gap = re.search(rb"/ByteRange \[0 (\d+) (\d+)", signed)
    assert gap
    inside = int(gap[1]) <= place < int(gap[2])
    assert not found.accepted or inside
    assert found.sha256 != examine(signed, trusted).sha256


@settings(max_examples=150)
@given(st.data())
def test_whatever_stands_in_the_signatures_place_raises_nothing_and_is_another_file(
    signed: bytes, installation: Settings, data: st.DataObject
) -> None:
    """The signature's own digits do not cover themselves (a root certificate carried along, say): the ledger's hash does."""
    gap = re.search(rb"/ByteRange \[0 (\d+) (\d+)", signed)
    assert gap
    start = int(gap[1]) + 1
    junk = data.draw(st.binary(min_size=1, max_size=40)).hex().encode()
    place = start + 2 * data.draw(st.integers(0, 1200))
    changed = signed[:place] + junk + signed[place + len(junk) :]
    found = examine(changed, roots(installation))
    assert changed == signed or file_verdict(found, None) is not Verdict.GENUINE
    assert changed == signed or found.sha256 != examine(signed, []).sha256


def test_a_strangers_signature_is_not_trusted(drawn: bytes, installation: Settings, tmp_path: Path) -> None:
    stranger = sign(drawn, signer_of(Settings(home=tmp_path)))
    found = examine(stranger, roots(installation))
    assert found.flaws == (Flaw.UNTRUSTED,)
    assert not found.ours
    assert not examine(stranger, []).accepted


@pytest.mark.parametrize(
    "data", [b"", b"%PDF-", b"%PDF-/ByteRange [0 5 9 9]", b"%PDF-1.7 /ByteRange [0 999999999999 0 0]"]
)
def test_rubbish_is_refused_without_an_error(data: bytes, installation: Settings) -> None:
    assert not examine(data, roots(installation)).accepted


def test_only_an_open_field_can_be_signed_and_only_once(drawn: bytes, signed: bytes, installation: Settings) -> None:
    signer = signer_of(installation)
    for data in (signed, b"", drawn + drawn):
        with pytest.raises(CannotSign):
            sign(data, signer)


def test_key_files_are_for_their_owner_alone(installation: Settings) -> None:
    signer_of(installation)
    for name in ("demo-signer.key", "demo-ca.key"):
        assert stat.S_IMODE((installation.keys / name).stat().st_mode) == 0o600


def test_a_key_must_belong_to_its_certificate_and_be_strong(installation: Settings, tmp_path: Path) -> None:
    chain = installation.keys / "demo-signer.pem"
    signer_of(installation)
    for key in (ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP192R1())):
        path = tmp_path / "other.key"
        path.write_bytes(
            key.private_bytes(
                serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
            )
        )
        with pytest.raises(CannotSign):
            load_signer(path, chain, specimen=False)
    with pytest.raises(CannotSign):
        load_signer(tmp_path / "missing.key", chain, specimen=False)


def test_an_expired_certificate_does_not_count(drawn: bytes, installation: Settings) -> None:
    """Signed in 2026 by a certificate that ended in 2025, under our own root."""
    signer_of(installation)
    authority = serialization.load_pem_private_key((installation.keys / "demo-ca.key").read_bytes(), None)
    chain = x509.load_pem_x509_certificates((installation.keys / "demo-signer.pem").read_bytes())
    key = ec.generate_private_key(ec.SECP256R1())
    assert isinstance(authority, ec.EllipticCurvePrivateKey)
    validity = Validity(begin=datetime(2020, 1, 1, tzinfo=UTC), end=datetime(2025, 1, 1, tzinfo=UTC))
    old = signer_certificate(key, Purpose.DOCUMENT, "Kaowu Specimen", "old", (authority, chain[1]), validity)
    loaded = signing.FileSigner("old", True, (old, chain[1]), key)
    assert examine(sign(drawn, loaded), roots(installation)).flaws == (Flaw.NOT_VALID_THEN,)
    assert date(2025, 1, 1) < date(2026, 5, 16)


def test_pyhanko_accepts_what_was_signed_as_the_whole_file(signed: bytes, installation: Settings) -> None:
    (embedded,) = PdfFileReader(io.BytesIO(signed)).embedded_signatures
    trusted = [asn1_x509.Certificate.load(one) for one in roots(installation)]
    usage = KeyUsageConstraints(key_usage={"digital_signature", "non_repudiation"}, match_all_key_usages=False)
    status = validate_pdf_signature(
        embedded, ValidationContext(trust_roots=trusted, allow_fetching=False), key_usage_settings=usage
    )
    assert status.bottom_line
    assert status.coverage is SignatureCoverageLevel.ENTIRE_FILE
