"""Which certificates may sign documents, and how they lead to a trusted root (RFC 5280 6.1, as far as it concerns us). Pure."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from cryptography import x509

from certificates.stamps.rules.paths import path_over

_DOCUMENT_USES: Final = frozenset(
    {
        "1.3.6.1.5.5.7.3.36",  # document signing (RFC 9336)
        "1.2.840.113583.1.1.5",  # Adobe: authentic documents trust
        "1.3.6.1.4.1.311.10.3.12",  # Microsoft: document signing
        "1.3.6.1.5.5.7.3.4",  # e-mail protection: what many authorities give for signing documents
    }
)


def chain_over(
    leaf: x509.Certificate, certificates: Sequence[x509.Certificate], roots: Sequence[x509.Certificate]
) -> list[x509.Certificate]:
    """From the signer's certificate to the trusted root, through certificates that may sign others; empty when it leads nowhere."""
    if not _may_sign_documents(leaf):
        return []
    return path_over(leaf, certificates, roots)


def _may_sign_documents(leaf: x509.Certificate) -> bool:
    """Key usage and, where the certificate names its purposes, one of signing documents; never an authority's own key."""
    try:
        usage = leaf.extensions.get_extension_for_class(x509.KeyUsage).value
        if not (usage.digital_signature or usage.content_commitment):
            return False
        purposes = {one.dotted_string for one in _purposes(leaf)}
        return not _is_authority(leaf) and (not purposes or bool(purposes & _DOCUMENT_USES))
    except (x509.ExtensionNotFound, ValueError):
        return False


def _purposes(leaf: x509.Certificate) -> list[x509.ObjectIdentifier]:
    try:
        return list(leaf.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value)
    except x509.ExtensionNotFound:
        return []


def _is_authority(certificate: x509.Certificate) -> bool:
    try:
        return certificate.extensions.get_extension_for_class(x509.BasicConstraints).value.ca
    except x509.ExtensionNotFound:
        return False
