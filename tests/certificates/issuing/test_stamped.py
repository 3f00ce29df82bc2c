"""B-T: a signature with the time stamp of an authority outside is accepted with its time, by us and by others; a wrong one is not."""

from __future__ import annotations

import hashlib
import io
import shutil
import subprocess
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from asn1crypto import cms
from asn1crypto import x509 as asn1_x509
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.validation import async_validate_pdf_signature
from pyhanko.sign.validation.settings import KeyUsageConstraints
from pyhanko_certvalidator import ValidationContext

from certificates.issuing.rules.signature import Flaw, Level, examine
from certificates.issuing.signer import CannotSign, sign
from certificates.stamps.rules.tokens import request, token_of
from tests.certificates import attacks
from tests.certificates.stamps import authority
from tests.exam.kernel.print_home import link_fonts

pytestmark = [authority.needs_openssl, pytest.mark.filterwarnings("ignore:Parsed a serial number")]


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> attacks.World:
    home: Path = tmp_path_factory.mktemp("stamped") / "home"
    link_fonts(home)
    return attacks.make_world(home)


@pytest.fixture(scope="module")
def stamping(tmp_path_factory: pytest.TempPathFactory) -> authority.Stamping:
    return authority.make(tmp_path_factory.mktemp("authority"))


def stamper(stamping: authority.Stamping, message: bytes | None = None) -> Callable[[bytes], bytes]:
    """What stamps the signature, or always the same other message."""

    def stamp(value: bytes) -> bytes:
        imprint = hashlib.sha256(value if message is None else message).digest()
        return token_of(stamping.answer(request(imprint, 77)), imprint, 77, stamping.roots)[0]

    return stamp


@pytest.fixture(scope="module")
def stamped(world: attacks.World, stamping: authority.Stamping) -> bytes:
    return sign(world.drawn, world.signer, stamper(stamping))


def test_the_time_stamp_is_seen_where_its_authority_is_trusted(
    world: attacks.World, stamping: authority.Stamping, stamped: bytes
) -> None:
    found = examine(stamped, world.roots, stamping.roots_der)
    assert found.accepted
    assert found.level is Level.B_T
    assert found.stamped_at is not None
    assert abs(found.stamped_at - datetime.now(UTC)) < timedelta(minutes=5)
    assert found.stamped_by == "Stamp Authority"
    elsewhere = examine(stamped, world.roots)
    assert elsewhere.accepted
    assert (elsewhere.level, elsewhere.stamped_at) == (Level.B_B, None)
    assert examine(world.signed, world.roots, stamping.roots_der).level is Level.B_B


async def test_others_see_it_too(
    world: attacks.World, stamping: authority.Stamping, stamped: bytes, tmp_path: Path
) -> None:
    def trust(der: bytes) -> ValidationContext:
        return ValidationContext(trust_roots=[asn1_x509.Certificate.load(der)])

    signature = PdfFileReader(io.BytesIO(stamped)).embedded_signatures[0]
    found = await async_validate_pdf_signature(
        signature, trust(world.roots[0]), trust(stamping.roots_der[0]),
        key_usage_settings=KeyUsageConstraints(key_usage={"digital_signature"}),
    )  # fmt: skip
    assert found.bottom_line
    assert found.timestamp_validity is not None
    assert found.timestamp_validity.intact
    assert found.timestamp_validity.trusted
    if shutil.which("pdfsig"):
        file = tmp_path / "stamped.pdf"
        file.write_bytes(stamped)
        said = subprocess.run(["pdfsig", "-nocert", file], capture_output=True, text=True, check=False).stdout  # noqa: ASYNC221
        assert "Signature is Valid" in said


def test_a_stamp_over_something_else_or_a_broken_one_is_a_flaw(
    world: attacks.World, stamping: authority.Stamping, stamped: bytes
) -> None:
    moved = sign(world.drawn, world.signer, stamper(stamping, b"another signature"))
    broken = sign(world.drawn, world.signer, lambda value: _spoilt(stamper(stamping)(value)))
    for data in (moved, broken):
        assert examine(data, world.roots, stamping.roots_der).flaws == (Flaw.BAD_TIME_STAMP,)
        assert not examine(data, world.roots).accepted  # also where nobody knows its authority
    assert examine(stamped, world.roots, stamping.roots_der).accepted


def test_a_time_before_the_signature_is_a_flaw(world: attacks.World, stamping: authority.Stamping) -> None:
    drawn = world.drawn.replace(b"/M(D:2026", b"/M(D:2046")
    assert drawn != world.drawn
    data = sign(drawn, world.signer, stamper(stamping))
    assert examine(data, world.roots, stamping.roots_der).flaws == (Flaw.BAD_TIME_STAMP,)


def test_a_token_that_does_not_fit_is_named(world: attacks.World) -> None:
    with pytest.raises(CannotSign) as refused:
        sign(world.drawn, world.signer, lambda _: b"\x30\x82\x40\x00" + bytes(16384))
    assert "CMS" in str(refused.value.facts["reason"])


def _spoilt(token: bytes) -> bytes:
    """The same token with another signature value."""
    read = cms.ContentInfo.load(token)
    info = read["content"]["signer_infos"][0]
    value = bytearray(info["signature"].native)
    value[-1] ^= 1
    info["signature"] = bytes(value)
    return bytes(read.dump(force=True))
