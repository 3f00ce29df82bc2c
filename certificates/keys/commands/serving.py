"""``kaowu keys serve``: signs for other machines with the keys of this one's ring (`certificates.keys.signer.service`)."""

from __future__ import annotations

import argparse
import json
import ssl
from typing import Any

import uvicorn

from certificates.keys.rules.purposes import Purpose
from certificates.keys.rules.remote import SECRET_BYTES
from certificates.keys.signer import CannotSign, open_entry, ring_of, try_out
from certificates.keys.signer.port import Signer, read_secret
from certificates.keys.signer.service import Service
from exam.kernel.errors import N_
from exam.kernel.i18n import translate
from exam.kernel.settings import Settings


def serve(arguments: argparse.Namespace) -> int:
    """Serve until stopped; every key is tried out first."""
    settings = Settings.load()
    service = service_of(settings, arguments)
    scheme = "https" if arguments.certificate else "http"
    address = f"{scheme}://{arguments.host}:{arguments.port}"
    if arguments.json:
        print(json.dumps({"address": address, "keys": sorted(service.signers)}), flush=True)
    else:
        print(translate(N_("签名服务已启动：%(address)s （按 Ctrl+C 停止）"), address=address), flush=True)
    uvicorn.run(service, host=arguments.host, port=arguments.port, log_level="warning", **tls(arguments))
    return 0


def service_of(settings: Settings, arguments: argparse.Namespace) -> Service:
    """The service over this installation's ring."""
    secret = bytes.fromhex(read_secret(arguments.secret).decode().strip())
    if len(secret) < SECRET_BYTES:
        raise CannotSign(reason=f"{arguments.secret.name}: {SECRET_BYTES} bytes in hex")
    signers: dict[str, tuple[Purpose, Signer]] = {}
    for entry in ring_of(settings).keys:
        signer = open_entry(entry, settings.ring.parent)
        try_out(signer)
        signers[entry.name] = (entry.purpose, signer)
    if not signers:
        raise CannotSign(reason=settings.ring.name)
    return Service(signers, secret, settings.ring.parent / "signing.log")


def tls(arguments: argparse.Namespace) -> dict[str, Any]:
    """What uvicorn is told of certificates; with an authority for clients, who shows none is turned away."""
    if not arguments.certificate:
        return {}
    made: dict[str, Any] = {"ssl_certfile": str(arguments.certificate), "ssl_keyfile": str(arguments.key)}
    if arguments.client_authority:
        made |= {"ssl_ca_certs": str(arguments.client_authority), "ssl_cert_reqs": ssl.CERT_REQUIRED}
    return made
