"""``kaowu keys ceremony``: needs no database and no network; best on a machine that has neither."""

from __future__ import annotations

import argparse
import getpass
import json
import sys

from certificates.keys.documents import ceremony_record
from certificates.keys.rules.ceremony import Plan
from certificates.keys.rules.purposes import Purpose
from certificates.keys.signer.ceremony import hold
from certificates.keys.signer.token_keys import Slot
from exam.deployment.rules import fingerprint
from exam.kernel.clock import Clock
from exam.kernel.errors import N_, Invalid
from exam.kernel.files import write_whole
from exam.kernel.i18n import translate
from exam.kernel.settings import TREE, Settings


class TokenIncomplete(Invalid):
    """Half a token."""

    message = N_("在密码设备中制作密钥需要同时写明 --token、--module 和 --pin-file。")


def ceremony(arguments: argparse.Namespace) -> int:
    """Hold a ceremony and say what it came to."""
    clock = Clock()
    plan = Plan(
        organisation=arguments.organisation,
        operator=arguments.operator,
        witnesses=tuple(arguments.witness),
        place=arguments.place,
        purposes=tuple(Purpose(one) for one in arguments.purpose) or tuple(Purpose),
        document_algorithm=arguments.algorithm,
        years=arguments.years,
        requests_only=arguments.csr,
    )
    slot = slot_of(arguments)
    passphrase = b"" if arguments.csr else _passphrase(arguments)
    folder = arguments.folder.absolute()
    held = hold(folder, plan, now=clock.now, passphrase=passphrase, software={"kaowu": fingerprint(TREE)}, slot=slot)
    record = ceremony_record(held.log, now=clock.now(), home=Settings.load().home)
    write_whole(folder / "record.pdf", record, 0o644)
    if arguments.json:
        print(
            json.dumps({"folder": str(folder), "log_sha256": held.sha256, "keys": list(held.names)}, ensure_ascii=False)
        )
        return 0
    print(translate(N_("密钥已制作：%(names)s"), names="、".join(held.names)))
    print(f"ceremony.json  SHA-256  {held.sha256}")
    print(translate(N_("请打印 record.pdf，在场的人核对上面的 SHA-256 后签名；authority.key 与口令分开存放。")))
    if plan.requests_only:
        print(
            translate(
                N_("请把 .csr 交给外部机构；得到的证书链（签名证书在前）存为同名 .pem，再执行 kaowu keys rotate。")
            )
        )
    return 0


def slot_of(arguments: argparse.Namespace) -> Slot | None:
    """The token that the keys shall be made in, None for files; raises `TokenIncomplete`."""
    if not any((arguments.token, arguments.module, arguments.pin_file)):
        return None
    if not all((arguments.token, arguments.module, arguments.pin_file)):
        raise TokenIncomplete
    return Slot(arguments.module, arguments.token, arguments.pin_file)


def _passphrase(arguments: argparse.Namespace) -> bytes:
    if arguments.passphrase_stdin:
        return sys.stdin.readline().rstrip("\n").encode()
    first = getpass.getpass(translate(N_("签发机构密钥的口令：")))
    again = getpass.getpass(translate(N_("再输入一次：")))
    return first.encode() if first == again else b""
