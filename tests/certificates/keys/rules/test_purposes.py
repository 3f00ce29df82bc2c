"""A certificate serves the one purpose it was made for, and nothing that is weak, broken or an authority's serves any."""

from __future__ import annotations

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID

from certificates.keys.rules.authority import new_key, request
from certificates.keys.rules.purposes import ALGORITHMS, USAGES, Fault, Purpose, algorithm_of, faults
from tests.certificates.keys.makers import VALID, Authority, authority

PAIRS = [(made, asked) for made in Purpose for asked in Purpose]


@pytest.fixture(scope="module")
def above() -> Authority:
    return authority()


@pytest.fixture(scope="module")
def chains(above: Authority) -> dict[Purpose, tuple[x509.Certificate, ...]]:
    return {one: above.chain(new_key(ALGORITHMS[one][0]), one) for one in Purpose}


@pytest.mark.parametrize(("made", "asked"), PAIRS)
def test_a_certificate_serves_its_own_purpose_and_no_other(
    made: Purpose, asked: Purpose, chains: dict[Purpose, tuple[x509.Certificate, ...]]
) -> None:
    found = faults(chains[made], asked)
    assert found == [] if made is asked else Fault.OTHER_PURPOSE in found


def test_no_chain_serves_nothing() -> None:
    assert faults([], Purpose.DOCUMENT) == [Fault.EMPTY]


def test_an_authority_signs_no_documents(above: Authority) -> None:
    assert set(faults([above.root], Purpose.DOCUMENT)) == {Fault.AUTHORITY, Fault.KEY_USAGE}


def test_a_chain_must_hold_together(above: Authority, chains: dict[Purpose, tuple[x509.Certificate, ...]]) -> None:
    leaf, _ = chains[Purpose.DOCUMENT]
    assert faults([leaf, authority().root], Purpose.DOCUMENT) == [Fault.CHAIN]
    assert faults([leaf, leaf], Purpose.DOCUMENT) == [Fault.CHAIN]


def test_weak_keys_have_no_algorithm() -> None:
    assert algorithm_of(rsa.generate_private_key(65537, 2048).public_key()) is None
    assert algorithm_of(ec.generate_private_key(ec.SECP384R1()).public_key()) is None
    assert algorithm_of("no key") is None


def _outside(above: Authority, *extensions: x509.ExtensionType) -> list[x509.Certificate]:
    key = ec.generate_private_key(ec.SECP256R1())
    builder = (
        x509.CertificateBuilder()
        .subject_name(x509.Name([]))
        .issuer_name(above.root.subject)
        .public_key(key.public_key())
        .serial_number(7)
        .not_valid_before(VALID.begin)
        .not_valid_after(VALID.end)
    )
    for one in extensions:
        builder = builder.add_extension(one, critical=False)
    return [builder.sign(above.key, hashes.SHA256()), above.root]


def _usage(**said: bool) -> x509.KeyUsage:
    names = (
        "digital_signature", "content_commitment", "key_encipherment", "data_encipherment", "key_agreement",
        "key_cert_sign", "crl_sign", "encipher_only", "decipher_only",
    )  # fmt: skip
    return x509.KeyUsage(**{name: said.get(name, False) for name in names})


def test_an_authority_outside_may_leave_the_purpose_of_documents_open(above: Authority) -> None:
    chain = _outside(above, _usage(content_commitment=True))
    assert faults(chain, Purpose.DOCUMENT) == []
    assert Fault.OTHER_PURPOSE in faults(chain, Purpose.EXPORT)


def test_a_certificate_for_servers_signs_no_documents(above: Authority) -> None:
    servers = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH])
    assert faults(_outside(above, _usage(digital_signature=True), servers), Purpose.DOCUMENT) == [Fault.OTHER_PURPOSE]
    assert faults(_outside(above), Purpose.DOCUMENT) == [Fault.KEY_USAGE]
    assert faults(_outside(above, _usage(key_encipherment=True)), Purpose.DOCUMENT) == [Fault.KEY_USAGE]


def test_a_certificate_for_two_purposes_of_ours_serves_neither(above: Authority) -> None:
    both = x509.ExtendedKeyUsage([USAGES[Purpose.EXPORT], USAGES[Purpose.CREDENTIAL]])
    chain = _outside(above, _usage(digital_signature=True), both)
    assert faults(chain, Purpose.EXPORT) == faults(chain, Purpose.CREDENTIAL) == [Fault.OTHER_PURPOSE]


@pytest.mark.parametrize("purpose", Purpose)
def test_a_request_names_its_purpose(purpose: Purpose) -> None:
    made = request(new_key(ALGORITHMS[purpose][0]), purpose, "测试机构", "签名")
    assert made.is_signature_valid
    assert list(made.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value) == [USAGES[purpose]]
