"""A time stamp authority that is not ours: Debian's ``openssl ts`` behind a small HTTP server, well-behaved or not."""

from __future__ import annotations

import contextlib
import shutil
import subprocess
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Final

import pytest
from asn1crypto import tsp
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

needs_openssl: Final = pytest.mark.skipif(shutil.which("openssl") is None, reason="openssl is not installed")
_CONFIG: Final = """
[tsa]
default_tsa = stamp
[stamp]
serial = {folder}/serial
crypto_device = builtin
default_policy = 1.2.3.4.1
other_policies = 1.2.3.4.5
digests = sha256
signer_digest = sha256
accuracy = secs:1
ordering = no
tsa_name = yes
ess_cert_id_chain = no
ess_cert_id_alg = {ess}
"""
_ONE_AT_A_TIME: Final = threading.Lock()


@dataclass
class Stamping:
    """The authority: `mode` says how it answers from now on."""

    folder: Path
    root: x509.Certificate
    root_key: ec.EllipticCurvePrivateKey
    leaf: x509.Certificate
    url: str = ""
    mode: str = "right"
    asked: int = 0
    heads: list[Any] = field(default_factory=list)

    @property
    def roots(self) -> list[x509.Certificate]:
        return [self.root]

    @property
    def roots_der(self) -> list[bytes]:
        return [self.root.public_bytes(serialization.Encoding.DER)]

    def answer(self, query: bytes) -> bytes:
        """What ``openssl ts -reply`` says to a request; one at a time, for its serial numbers."""
        with _ONE_AT_A_TIME:
            return self._answer(query)

    def _answer(self, query: bytes) -> bytes:
        (self.folder / "query.tsq").write_bytes(query)
        command = "openssl ts -reply -queryfile query.tsq -config tsa.cnf -section stamp -inkey tsa.key -signer tsa.pem -out reply.tsr"
        subprocess.run(command.split(), cwd=self.folder, check=True, capture_output=True)
        return (self.folder / "reply.tsr").read_bytes()

    def crl(self, *revoked: tuple[int, datetime]) -> Any:
        """What the root says of the certificates it issued."""
        return crl_of(self.root, self.root_key, *revoked)


def crl_of(root: x509.Certificate, key: ec.EllipticCurvePrivateKey, *revoked: tuple[int, datetime]) -> Any:
    builder = (
        x509.CertificateRevocationListBuilder()
        .issuer_name(root.subject)
        .last_update(datetime(2020, 1, 2, tzinfo=UTC))
        .next_update(datetime(2049, 1, 1, tzinfo=UTC))
        .add_extension(x509.CRLNumber(1), critical=False)
    )
    for serial, at in revoked:
        one = x509.RevokedCertificateBuilder().serial_number(serial).revocation_date(at).build()
        builder = builder.add_revoked_certificate(one)
    return builder.sign(key, hashes.SHA256())


def make(
    folder: Path, *, rsa_key: bool = True, purpose: bool = True, end: datetime | None = None, ess: str = "sha256"
) -> Stamping:
    """An authority with its own root; its certificate may have ended or be for something else."""
    root_key = ec.generate_private_key(ec.SECP256R1())
    key: Any = rsa.generate_private_key(65537, 2048) if rsa_key else ec.generate_private_key(ec.SECP256R1())
    end = end or datetime(2049, 1, 1, tzinfo=UTC)
    root = _certificate("Stamp Root", root_key, None, datetime(2050, 1, 1, tzinfo=UTC))
    leaf = _certificate("Stamp Authority", key, (root, root_key), end, purpose=purpose)
    folder.mkdir(parents=True, exist_ok=True)
    lock = serialization.NoEncryption()
    pem = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, lock)
    (folder / "tsa.key").write_bytes(pem)
    (folder / "tsa.pem").write_bytes(leaf.public_bytes(serialization.Encoding.PEM))
    (folder / "root.pem").write_bytes(root.public_bytes(serialization.Encoding.PEM))
    (folder / "serial").write_text("01\n")
    (folder / "tsa.cnf").write_text(_CONFIG.format(folder=folder, ess=ess))
    return Stamping(folder, root, root_key, leaf)


def _certificate(
    name: str, key: Any, issuer: tuple[x509.Certificate, Any] | None, end: datetime, *, purpose: bool = True
) -> x509.Certificate:
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    ca = issuer is None
    usage = x509.KeyUsage(
        digital_signature=not ca, content_commitment=False, key_cert_sign=ca, crl_sign=ca, key_encipherment=False,
        data_encipherment=False, key_agreement=False, encipher_only=False, decipher_only=False,
    )  # fmt: skip
    builder = (
        x509.CertificateBuilder().subject_name(subject).issuer_name(issuer[0].subject if issuer else subject)
        .public_key(key.public_key()).serial_number(7 if ca else 8).not_valid_before(datetime(2020, 1, 1, tzinfo=UTC))
        .not_valid_after(end).add_extension(x509.BasicConstraints(ca=ca, path_length=None), critical=True)
        .add_extension(usage, critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
    )  # fmt: skip
    if not ca:
        builder = builder.add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.TIME_STAMPING]), critical=purpose)
    return builder.sign(issuer[1] if issuer else key, hashes.SHA256())


@contextlib.contextmanager
def serving(found: Stamping) -> Iterator[Stamping]:
    """Serve it on a free port until the end of the block."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            found.asked += 1
            found.heads.append(dict(self.headers))
            query = self.rfile.read(int(self.headers["Content-Length"]))
            if found.mode == "slow":
                time.sleep(0.6)
            body = _body(found, query)
            with contextlib.suppress(OSError):
                self.send_response(503 if found.mode == "away" else 200)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    found.url = f"http://127.0.0.1:{server.server_address[1]}/"
    try:
        yield found
    finally:
        server.shutdown()
        server.server_close()


def _body(found: Stamping, query: bytes) -> bytes:
    asked = tsp.TimeStampReq.load(query)
    match found.mode:
        case "slow" | "away":
            return b""
        case "noise":
            return b"<html>sign in</html>"
        case "endless":
            return bytes(100_000)
        case "other nonce":
            asked["nonce"] = 5
        case "other imprint":
            asked["message_imprint"]["hashed_message"] = bytes(32)
        case "refused":
            asked["req_policy"] = "1.2.3.9"
        case "spoilt":
            answer = bytearray(found.answer(query))
            answer[-9] ^= 1  # in the signature
            return bytes(answer)
    return found.answer(asked.dump(force=True))
