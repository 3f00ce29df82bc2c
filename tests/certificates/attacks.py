"""Attacks on a signed file: everything that was tried against PDF signatures, each as the bytes that an attacker would send.

The kinds follow the published ones (universal forgery, incremental saving, signature wrapping, shadow attacks, certificate
and CMS games); each starts from a file that is really accepted. A world of its own: an authority, a signer, a signed file.
"""

from __future__ import annotations

import hashlib
import io
import re
import zlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final
from uuid import UUID

import pikepdf
from asn1crypto import algos, cms
from asn1crypto import x509 as asn1_x509
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID, ObjectIdentifier
from PIL import Image

from certificates.designs.queries import built_in_template
from certificates.issuing.documents import Intent, draw
from certificates.issuing.rules.cms import Algorithm
from certificates.issuing.rules.cms import cms as make_cms
from certificates.issuing.rules.face import Face
from certificates.issuing.signer import sign
from exam.kernel import printing

MOMENT: Final = datetime(2026, 5, 16, 1, tzinfo=UTC)
_DOCUMENT_SIGNING: Final = ObjectIdentifier("1.3.6.1.5.5.7.3.36")
_FIELD: Final = re.compile(rb"/ByteRange \[0 (\d+) (\d+) (\d+)\] *")
Key = ec.EllipticCurvePrivateKey


@dataclass(frozen=True)
class Holder:
    """A key under a chain of certificates, its own first: what the signer port asks for."""

    chain: tuple[x509.Certificate, ...]
    key: Key = field(repr=False)
    name: str = "演示"
    specimen: bool = True
    algorithm: Algorithm = "ES256"

    def raw(self, message: bytes) -> bytes:
        return self.key.sign(message, ec.ECDSA(hashes.SHA256()))


@dataclass(frozen=True)
class World:
    """An authority that is trusted, a signer under it, and a certificate drawn and signed."""

    authority: Holder
    signer: Holder
    drawn: bytes
    signed: bytes

    @property
    def roots(self) -> list[bytes]:
        return [self.authority.chain[0].public_bytes(serialization.Encoding.DER)]


def make_world(home: Path) -> World:
    """Draw and sign a certificate with everything in it; `home` holds the prepared fonts."""
    root_key = ec.generate_private_key(ec.SECP256R1())
    authority = Holder((certificate("Kaowu Root", root_key, ca=True, serial=1),), root_key)
    signer = under(authority, "Kaowu Signer")
    drawn = _drawn(home)
    return World(authority, signer, drawn, sign(drawn, signer))


def certificate(
    name: str,
    key: Key,
    *,
    issuer: Holder | None = None,
    ca: bool = False,
    purpose: ObjectIdentifier | None = _DOCUMENT_SIGNING,
    begin: datetime = datetime(2020, 1, 1, tzinfo=UTC),
    end: datetime = datetime(2050, 1, 1, tzinfo=UTC),
    serial: int = 4711,
    depth: int | None = None,
) -> x509.Certificate:
    """A certificate for a key; its own issuer when there is none."""
    builder = (
        x509.CertificateBuilder()
        .subject_name(_named(name))
        .issuer_name(issuer.chain[0].subject if issuer else _named(name))
        .public_key(key.public_key())
        .serial_number(serial)
        .not_valid_before(begin)
        .not_valid_after(end)
        .add_extension(x509.BasicConstraints(ca=ca, path_length=depth), critical=True)
        .add_extension(
            x509.KeyUsage(
                digital_signature=not ca, content_commitment=not ca, key_cert_sign=ca, crl_sign=ca,
                key_encipherment=False, data_encipherment=False, key_agreement=False, encipher_only=False,
                decipher_only=False,
            ),
            critical=True,
        )
    )  # fmt: skip
    if not ca and purpose is not None:
        builder = builder.add_extension(x509.ExtendedKeyUsage([purpose]), critical=False)
    return builder.sign((issuer.key if issuer else key), hashes.SHA256())


def under(issuer: Holder, name: str, **options: Any) -> Holder:
    """A signer with a new key under an issuer."""
    key = ec.generate_private_key(ec.SECP256R1())
    return Holder((certificate(name, key, issuer=issuer, **options), *issuer.chain), key)


def gap_of(signed: bytes) -> tuple[int, int]:
    """Where the signature's own digits stand, the angle brackets among them: start and end."""
    found = _FIELD.search(signed)
    assert found
    return int(found[1]), int(found[2])


def attacks(world: World) -> dict[str, bytes]:
    """Every attack by its name. None of them may be accepted."""
    made: dict[str, bytes] = {}
    for family in (_added, _rewritten, _changed_inside, _ranges, _fields, _messages, _strangers):
        for name, build in family(world).items():
            made[name] = build()
    return made


Built = dict[str, Callable[[], bytes]]


def _added(world: World) -> Built:
    """Bytes after (or before) what was signed: incremental saving and shadow attacks, hidden and replaced content."""
    signed = world.signed
    last = int(re.findall(rb"startxref\s+(\d+)", signed)[-1])
    size, root = _trailer(signed)

    def update(*objects: tuple[int, bytes], more: bytes = b"", root_number: int = root) -> bytes:
        body, places = signed, []
        for number, content in objects:
            places.append((number, len(body)))
            body += b"%d 0 obj\n%s\nendobj\n" % (number, content)
        table = b"xref\n0 0\n" + b"".join(b"%d 1\n%010d 00000 n \n" % place for place in places)
        trailer = b"trailer\n<< /Size %d /Root %d 0 R /Prev %d %s >>\n" % (size + 9, root_number, last, more)
        return body + table + trailer + b"startxref\n%d\n%%%%EOF\n" % len(body)

    page = _object_number(signed, "page")
    content = _object_number(signed, "content")
    fake = zlib.compress(b"BT /F1 40 Tf 100 300 Td (Forged) Tj ET")
    stream = b"<< /Length %d /Filter /FlateDecode >>\nstream\n%s\nendstream" % (len(fake), fake)
    overlay = b"<< /Type /Annot /Subtype /FreeText /Rect [50 300 400 380] /Contents (Forged) /DA (/Helv 40 Tf) >>"
    return {
        "space appended": lambda: signed + b" ",
        "newline appended": lambda: signed + b"\n",
        "end marker appended": lambda: signed + b"%%EOF\n",
        "comment appended": lambda: signed + b"% nothing\n%%EOF\n",
        "zeros appended": lambda: signed + bytes(512),
        "bytes before the header": lambda: b"\n" + signed,
        "another file before": lambda: b"%PDF-1.4\n%%EOF\n" + signed,
        "empty incremental save": lambda: update(),
        "shadow replace: content overwritten": lambda: update((content, stream)),
        "shadow hide: overlay put on the page": lambda: update(
            (size, overlay), (page, b"<< /Type /Page /Annots [%d 0 R] >>" % size)
        ),
        "shadow hide and replace: another catalogue": lambda: update(
            (size, b"<< /Type /Catalog /Pages %d 0 R >>" % (size + 1)),
            (size + 1, b"<< /Type /Pages /Kids [] /Count 0 >>"),
            root_number=size,
        ),
        "signature field taken out": lambda: update((root, b"<< /Type /Catalog /Pages 2 0 R >>")),
        "page added in an update": lambda: _pikepdf_update(signed, last),
        "xref hidden behind a compressed table": lambda: update((size, stream), more=b"/XRefStm 15"),
        "second file concatenated": lambda: signed + signed,
    }


def _rewritten(world: World) -> Built:
    """Saved anew by a program, the old signature carried along."""
    signed = world.signed

    def saved(change: Callable[[pikepdf.Pdf], None], **options: Any) -> bytes:
        with pikepdf.open(io.BytesIO(signed)) as opened:
            change(opened)
            target = io.BytesIO()
            opened.save(target, **options)
        return target.getvalue()

    def a_page_more(opened: pikepdf.Pdf) -> None:
        opened.pages.append(opened.pages[0])

    def other_text(opened: pikepdf.Pdf) -> None:
        opened.pages[0].Contents = opened.make_stream(b"BT ET")

    def other_title(opened: pikepdf.Pdf) -> None:
        opened.docinfo["/Title"] = "Forged"

    def nothing(opened: pikepdf.Pdf) -> None:
        """Only saved."""

    return {
        "saved anew": lambda: saved(nothing),
        "saved with object streams": lambda: saved(nothing, object_stream_mode=pikepdf.ObjectStreamMode.generate),
        "a page more": lambda: saved(a_page_more),
        "page content exchanged": lambda: saved(other_text),
        "title exchanged": lambda: saved(other_title),
        "encrypted": lambda: saved(nothing, encryption=pikepdf.Encryption(owner="o", user="")),
        "made linear": lambda: saved(nothing, linearize=True),
    }


def _changed_inside(world: World) -> Built:
    """The same length, other bytes: streams swapped, an attachment or the photo exchanged, the table turned elsewhere."""
    signed = world.signed
    streams = [
        (found.start(1), found.end(1)) for found in re.finditer(rb"stream\r?\n(.*?)\r?\nendstream", signed, re.DOTALL)
    ]
    streams.sort(key=lambda place: place[1] - place[0])
    small, large = streams[0], streams[-1]

    def exchanged(place: tuple[int, int]) -> bytes:
        size = place[1] - place[0]
        return signed[: place[0]] + hashlib.shake_256(b"forged").digest(size) + signed[place[1] :]

    def swapped() -> bytes:
        first, second = sorted(streams[-2:])
        return (
            signed[: first[0]] + signed[slice(*second)] + signed[first[1] : second[0]] + signed[slice(*first)]
            + signed[second[1] :]
        )  # fmt: skip

    start = re.findall(rb"startxref\s+(\d+)", signed)[-1]
    return {
        "streams swapped": swapped,
        "largest stream exchanged (photo or font)": lambda: exchanged(large),
        "smallest stream exchanged": lambda: exchanged(small),
        "an attachment exchanged": lambda: exchanged(_attachment(signed, streams)),
        "table of objects turned elsewhere": lambda: signed.replace(
            b"startxref\n" + start, b"startxref\n" + start[::-1]
        ),
        "date of signing changed": lambda: re.sub(rb"(/M ?)\(D:2026", rb"\1(D:2025", signed),
        "header version changed": lambda: signed.replace(b"%PDF-1.7", b"%PDF-1.4", 1),
        "cut by one byte": lambda: signed[:-1],
        "cut in half": lambda: signed[: len(signed) // 2],
        "cut after the signature": lambda: signed[: gap_of(signed)[1]] + b">>endobj\n%%EOF\n",
    }


def _ranges(world: World) -> Built:
    """What the signature is said to cover: holes, overlaps, two ranges, wrapping."""
    signed = world.signed
    start, end = gap_of(signed)
    found = _FIELD.search(signed)
    assert found
    place = slice(*found.span())
    width = place.stop - place.start

    def ranged(text: bytes) -> bytes:
        assert len(text) <= width
        return signed[: place.start] + text.ljust(width) + signed[place.stop :]

    rest = len(signed) - end

    def wrapped() -> bytes:
        """Signature wrapping: what was signed moves to the end, something else stands where it stood."""
        evil = b"\n9999 0 obj\n<< /Type /Catalog >>\nendobj\n"
        tail = signed[end:]
        data = signed[:end] + evil + tail
        text = b"/ByteRange [0 %d %d %d]" % (start, end + len(evil), len(tail))
        return data.replace(signed[place], text.ljust(width), 1)

    return {
        "range ends early": lambda: ranged(b"/ByteRange [0 %d %d 0]" % (start, end)),
        "range leaves out the last bytes": lambda: ranged(b"/ByteRange [0 %d %d %d]" % (start, end, rest - 10)),
        "hole wider than the signature": lambda: ranged(b"/ByteRange [0 %d %d %d]" % (start - 500, end, rest)),
        "hole reaches over what follows": lambda: ranged(b"/ByteRange [0 %d %d %d]" % (start, end + 500, rest - 500)),
        "ranges overlap": lambda: ranged(b"/ByteRange [0 %d %d %d]" % (start, start - 5, rest)),
        "range begins later": lambda: ranged(b"/ByteRange [1 %d %d %d]" % (start - 1, end, rest)),
        "range longer than the file": lambda: ranged(b"/ByteRange [0 %d %d %d]" % (start, end, rest + 9)),
        "range of nothing": lambda: ranged(b"/ByteRange [0 0 0 0]"),
        "range empty": lambda: ranged(b"/ByteRange []"),
        "range negative": lambda: ranged(b"/ByteRange [0 %d -%d %d]" % (start, end % 1000, rest % 1000)),
        "range missing": lambda: signed.replace(b"/ByteRange", b"/ByteRangf"),
        "a second range inside": lambda: signed.replace(found[0].rstrip(), b"/ByteRange [0 1 2 3] " + found[0], 1),
        "signature wrapped around another object": wrapped,
    }


def _fields(world: World) -> Built:
    """The place of the signature: missing, empty, otherwise spelled, with something hidden in it."""
    signed = world.signed
    start, end = gap_of(signed)

    def put(gap: bytes) -> bytes:
        assert len(gap) == end - start
        return signed[:start] + gap + signed[end:]

    digits = signed[start + 1 : end - 1]
    used = len(digits.rstrip(b"0")) + 4
    return {
        "contents empty": lambda: put(b"<" + b"0" * len(digits) + b">"),
        "contents null": lambda: put(b"null".ljust(end - start)),
        "contents missing": lambda: re.sub(rb"/Contents( ?<)", rb"/Contentz\1", signed, count=1),
        "contents one zero byte": lambda: put(b"<00>".ljust(end - start)),
        "digits in upper case": lambda: put(b"<" + digits.upper() + b">"),
        "one digit in upper case": lambda: put(
            b"<" + re.sub(rb"[a-f]", lambda m: m[0].upper(), digits, count=1) + b">"
        ),
        "space in the digits": lambda: put(b"<" + digits[:used] + b" " * (len(digits) - used) + b">"),
        "something hidden after the digits": lambda: put(
            b"<" + digits[:used] + b"0>/Forged(x)<" + digits[used + 13 :] + b">"
        ),
        "bytes hidden behind the structure": lambda: put(b"<" + digits[:used] + b"ff" + digits[used + 2 :] + b">"),
        "odd number of digits": lambda: put(b"<" + digits[:-1] + b"> "),
    }


def _messages(world: World) -> Built:
    """Games inside the signature's own structure: the file is untouched, the message says something else."""
    signed, signer = world.signed, world.signer
    start, end = gap_of(signed)
    digest = hashlib.sha256(signed[:start] + signed[end:]).digest()

    def put(der: bytes) -> bytes:
        return signed[: start + 1] + der.hex().encode().ljust(end - start - 2, b"0") + signed[end - 1 :]

    def own() -> cms.ContentInfo:
        return cms.ContentInfo.load(make_cms(digest, signer.chain, signer.algorithm, signer.raw))

    def changed(change: Callable[[Any, Any], None]) -> bytes:
        envelope = own()
        change(envelope["content"], envelope["content"]["signer_infos"][0])
        return put(envelope.dump(force=True))

    def weak(name: str) -> Callable[[], bytes]:
        def change(content: Any, info: Any) -> None:
            content["digest_algorithms"] = [{"algorithm": name}]
            info["digest_algorithm"] = {"algorithm": name}

        return lambda: changed(change)

    def inside(content: Any, info: Any) -> None:
        content["encap_content_info"] = {"content_type": "data", "content": b"other content"}

    def twice(content: Any, info: Any) -> None:
        content["signer_infos"] = [info.copy(), info.copy()]

    def bare(content: Any, info: Any) -> None:
        info["signed_attrs"] = None
        info["signature"] = signer.raw(signed[:start] + signed[end:])

    def without(kind: str) -> Callable[[], bytes]:
        def change(content: Any, info: Any) -> None:
            kept = [one for one in info["signed_attrs"] if one["type"].native != kind]
            info["signed_attrs"] = cms.CMSAttributes(kept)
            info["signature"] = signer.raw(info["signed_attrs"].untag().dump(force=True))

        return lambda: changed(change)

    def extra(content: Any, info: Any) -> None:
        stranger = under(world.authority, "Somebody", serial=5)
        der = stranger.chain[0].public_bytes(serialization.Encoding.DER)
        content["certificates"] = [*content["certificates"], asn1_x509.Certificate.load(der)]

    def unsigned(content: Any, info: Any) -> None:
        info["unsigned_attrs"] = [{"type": "1.2.3.4", "values": [cms.OctetString(b"x")]}]

    def version(content: Any, info: Any) -> None:
        info["version"] = "v3"

    def sha1_signature(content: Any, info: Any) -> None:
        info["signature_algorithm"] = algos.SignedDigestAlgorithm({"algorithm": "sha1_ecdsa"})

    def no_certificates(content: Any, info: Any) -> None:
        content["certificates"] = []

    inner = own().dump()
    wrapped = cms.ContentInfo(
        {
            "content_type": "signed_data",
            "content": {
                "version": "v3",
                "digest_algorithms": [{"algorithm": "sha256"}],
                "encap_content_info": {
                    "content_type": "signed_data",
                    "content": cms.ContentInfo.load(inner)["content"],
                },
                "signer_infos": [],
            },
        }
    )
    return {
        "weak digest: md5": weak("md5"),
        "weak digest: sha1": weak("sha1"),
        "sha1 named for the signature": lambda: changed(sha1_signature),
        "content inside the message": lambda: changed(inside),
        "two signers": lambda: changed(twice),
        "no signed attributes": lambda: changed(bare),
        "no message digest": without("message_digest"),
        "no certificate named": without("signing_certificate_v2"),
        "message wrapped in another": lambda: put(wrapped.dump()),
        "a certificate more": lambda: changed(extra),
        "an unsigned attribute": lambda: changed(unsigned),
        "another version": lambda: changed(version),
        "no certificates": lambda: changed(no_certificates),
        "a signature of another file": lambda: put(
            make_cms(hashlib.sha256(b"another").digest(), signer.chain, signer.algorithm, signer.raw)
        ),
        "lengths left open (BER)": lambda: put(b"\x30\x80" + inner[4:] + b"\x00\x00"),
    }


def _strangers(world: World) -> Built:
    """Signed by somebody else: the same names, a certificate for something else, one that had ended."""
    drawn, authority = world.drawn, world.authority

    def swapped() -> bytes:
        """The signer's certificate exchanged for one with its name and number and the attacker's key."""
        key = ec.generate_private_key(ec.SECP256R1())
        fake_authority = Holder((certificate("Kaowu Root", key, ca=True, serial=1),), key)
        fake = under(fake_authority, "Kaowu Signer")
        start, end = gap_of(world.signed)
        digest = hashlib.sha256(world.signed[:start] + world.signed[end:]).digest()
        der = make_cms(digest, (fake.chain[0], authority.chain[0]), "ES256", fake.raw)
        return world.signed[: start + 1] + der.hex().encode().ljust(end - start - 2, b"0") + world.signed[end - 1 :]

    def same_name() -> bytes:
        key = ec.generate_private_key(ec.SECP256R1())
        return sign(drawn, under(Holder((certificate("Kaowu Root", key, ca=True, serial=1),), key), "Kaowu Signer"))

    def below_a_leaf() -> bytes:
        return sign(drawn, under(world.signer, "Below a signer"))

    def outside() -> bytes:
        return sign(re.sub(rb"(/M ?)\(D:2026", rb"\1(D:2019", drawn), world.signer)

    return {
        "a root of the same name": same_name,
        "the certificate exchanged": swapped,
        "below a signer's own certificate": below_a_leaf,
        "signed by the authority's own key": lambda: sign(drawn, authority),
        "a certificate for servers": lambda: sign(drawn, under(authority, "x", purpose=ExtendedKeyUsageOID.SERVER_AUTH)),
        "a certificate for time stamps": lambda: sign(
            drawn, under(authority, "x", purpose=ExtendedKeyUsageOID.TIME_STAMPING)
        ),
        "a certificate that had ended": lambda: sign(drawn, under(authority, "x", end=MOMENT - timedelta(days=1))),
        "a certificate that had not begun": lambda: sign(drawn, under(authority, "x", begin=MOMENT + timedelta(days=1))),
        "time of signing outside": outside,
        "self-signed": lambda: sign(drawn, _self_signed()),
    }  # fmt: skip


def _self_signed() -> Holder:
    key = ec.generate_private_key(ec.SECP256R1())
    return Holder((certificate("Nobody", key),), key)


def _named(name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])


def _drawn(home: Path) -> bytes:
    found = printing.dummy("certificate")
    photo = io.BytesIO()
    Image.new("RGB", (250, 350), "#f4f4f4").save(photo, "JPEG")
    intent = Intent(
        id=UUID(int=1),
        number=found["number"],
        version=1,
        token="A" * 22,
        template=built_in_template(),
        face=Face.from_data(found["face"]),
        id_number=found["id_number"],
        photo_sha256="",
        numbered_at=MOMENT,
    )
    return draw(intent, photo=photo.getvalue(), base_url="http://example.org", signer_name="演示", home=home)


def _trailer(signed: bytes) -> tuple[int, int]:
    with pikepdf.open(io.BytesIO(signed)) as opened:
        return int(opened.trailer.Size), int(opened.Root.objgen[0])


def _object_number(signed: bytes, what: str) -> int:
    with pikepdf.open(io.BytesIO(signed)) as opened:
        page = opened.pages[0]
        if what == "page":
            return int(page.objgen[0])
        contents = page.Contents
        return int((contents[0] if isinstance(contents, pikepdf.Array) else contents).objgen[0])


def _pikepdf_update(signed: bytes, last: int) -> bytes:
    """A page added in front of the old ones, as an update that leaves the signed bytes where they are."""
    size, _ = _trailer(signed)
    with pikepdf.open(io.BytesIO(signed)) as opened:
        pages = int(opened.Root.Pages.objgen[0])
        old = int(opened.pages[0].objgen[0])
    body = signed
    places = []
    for number, content in (
        (size, b"<< /Type /Page /Parent %d 0 R /MediaBox [0 0 842 595] >>" % pages),
        (pages, b"<< /Type /Pages /Count 2 /Kids [%d 0 R %d 0 R] >>" % (size, old)),
    ):
        places.append((number, len(body)))
        body += b"%d 0 obj\n%s\nendobj\n" % (number, content)
    table = b"xref\n" + b"".join(b"%d 1\n%010d 00000 n \n" % place for place in places)
    trailer = b"trailer\n<< /Size %d /Root %d 0 R /Prev %d >>\n" % (size + 1, _trailer(signed)[1], last)
    return body + table + trailer + b"startxref\n%d\n%%%%EOF\n" % len(body)


def _attachment(signed: bytes, streams: Sequence[tuple[int, int]]) -> tuple[int, int]:
    """The stream of the first attachment; where the file has none, a middle one."""
    with pikepdf.open(io.BytesIO(signed)) as opened:
        for one in opened.attachments.values():
            raw = one.get_file().obj.read_raw_bytes()
            place = signed.find(raw)
            if place >= 0:
                return place, place + len(raw)
    return streams[len(streams) // 2]
