"""Whether what is stored is enough to judge a chain later: for each certificate below the root a word that it stood.

A word is an OCSP response (RFC 6960) or a revocation list (RFC 5280, 5) of its issuer, or of a responder the issuer named for
that; good, or revoked only after the time in question. Signatures are checked; nothing is fetched.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Final

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.x509 import ocsp

from certificates.archive.rules.revisions import Values

_LIMIT: Final = 256
_RESPONDER: Final = "1.3.6.1.5.5.7.3.9"


def readable(values: Values) -> bool:
    """Whether every value is what its place says, and there are not more than any file needs."""
    if len(values.all) > _LIMIT:
        return False
    try:
        for one in values.certificates:
            x509.load_der_x509_certificate(one)
        for one in values.responses:
            ocsp.load_der_ocsp_response(one)
        for one in values.lists:
            x509.load_der_x509_crl(one)
    except ValueError:
        return False
    return True


def missing(path: Sequence[x509.Certificate], values: Values, at: datetime) -> list[str]:
    """The names of the certificates of a path (its root last) of which the values do not say that they stood at a time."""
    lists = [x509.load_der_x509_crl(one) for one in values.lists]
    responses = [ocsp.load_der_ocsp_response(one) for one in values.responses]
    found = []
    for one, issuer in itertools.pairwise(path):
        if not (_unchecked(one) or _listed(one, issuer, lists, at) or _answered(one, issuer, responses, at)):
            found.append(one.subject.rfc4514_string())
    return found


def _listed(
    one: x509.Certificate, issuer: x509.Certificate, lists: Iterable[x509.CertificateRevocationList], at: datetime
) -> bool:
    """A list of the issuer that was not over at the time, and does not name it before."""
    for crl in lists:
        key = issuer.public_key()
        if crl.issuer != issuer.subject or not isinstance(key, (ec.EllipticCurvePublicKey, rsa.RSAPublicKey)):
            continue
        if not crl.is_signature_valid(key) or (crl.next_update_utc is not None and crl.next_update_utc < at):
            continue
        revoked = crl.get_revoked_certificate_by_serial_number(one.serial_number)
        if revoked is None or revoked.revocation_date_utc > at:
            return True
    return False


def _answered(
    one: x509.Certificate, issuer: x509.Certificate, responses: Iterable[ocsp.OCSPResponse], at: datetime
) -> bool:
    """A response under the issuer that says good, or revoked after the time."""
    for response in responses:
        if response.response_status is not ocsp.OCSPResponseStatus.SUCCESSFUL or not _of_issuer(response, issuer):
            continue
        for single in response.responses:
            if single.serial_number != one.serial_number or not _names(single, issuer):
                continue
            if single.next_update_utc is not None and single.next_update_utc < at:
                continue
            later = single.revocation_time_utc is not None and single.revocation_time_utc > at
            if single.certificate_status is ocsp.OCSPCertStatus.GOOD or later:
                return True
    return False


def _names(single: ocsp.OCSPSingleResponse, issuer: x509.Certificate) -> bool:
    digest = hashes.Hash(single.hash_algorithm)
    digest.update(issuer.subject.public_bytes())
    return digest.finalize() == single.issuer_name_hash


def _of_issuer(response: ocsp.OCSPResponse, issuer: x509.Certificate) -> bool:
    """Whether the issuer signed it, or a responder whom the issuer certified for that (RFC 6960, 4.2.2.2)."""
    for signer in (issuer, *response.certificates):
        if signer is not issuer:
            try:
                signer.verify_directly_issued_by(issuer)
                uses = signer.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
            except (ValueError, TypeError, InvalidSignature, x509.ExtensionNotFound):
                continue
            if _RESPONDER not in [use.dotted_string for use in uses]:
                continue
        if _signed(response, signer):
            return True
    return False


def _signed(response: ocsp.OCSPResponse, signer: x509.Certificate) -> bool:
    algorithm, key = response.signature_hash_algorithm, signer.public_key()
    if algorithm is None:
        return False
    try:
        if isinstance(key, ec.EllipticCurvePublicKey):
            key.verify(response.signature, response.tbs_response_bytes, ec.ECDSA(algorithm))
        elif isinstance(key, rsa.RSAPublicKey):
            key.verify(response.signature, response.tbs_response_bytes, padding.PKCS1v15(), algorithm)
        else:
            return False
    except InvalidSignature:
        return False
    return True


def _unchecked(one: x509.Certificate) -> bool:
    """A responder's certificate that its issuer promises not to revoke (RFC 6960, 4.2.2.2.1)."""
    try:
        one.extensions.get_extension_for_class(x509.OCSPNoCheck)
    except x509.ExtensionNotFound:
        return False
    return True
