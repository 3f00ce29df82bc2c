"""From a certificate to a trusted root, through authorities that may sign so deep (RFC 5280, 6.1, as far as it concerns us)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from cryptography import x509
from cryptography.exceptions import InvalidSignature

_CHAIN_LIMIT: Final = 4


def path_over(
    leaf: x509.Certificate, certificates: Sequence[x509.Certificate], roots: Sequence[x509.Certificate]
) -> list[x509.Certificate]:
    """From a certificate to the trusted root, both included; empty when it leads nowhere. What the leaf may do is not asked."""
    path = [leaf]
    while len(path) <= _CHAIN_LIMIT:
        for root in roots:
            if issued(path[-1], root, below=len(path) - 1):
                return [*path, root]
        above = next(
            (one for one in certificates if one not in path and issued(path[-1], one, below=len(path) - 1)), None
        )
        if above is None:
            return []
        path.append(above)
    return []


def issued(certificate: x509.Certificate, issuer: x509.Certificate, *, below: int) -> bool:
    """Whether an authority that may have this many authorities below it signed the certificate."""
    try:
        basic = issuer.extensions.get_extension_for_class(x509.BasicConstraints).value
        if not basic.ca or (basic.path_length is not None and basic.path_length < below):
            return False
        if not issuer.extensions.get_extension_for_class(x509.KeyUsage).value.key_cert_sign:
            return False
        certificate.verify_directly_issued_by(issuer)
    except (x509.ExtensionNotFound, InvalidSignature, ValueError, TypeError):
        return False
    return True
