"""``kaowu keys``: ceremony, rotation, a lost key, the list, and the service that signs for other machines."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path
from typing import Any

from certificates.keys.commands.ceremony import ceremony
from certificates.keys.commands.register import compromise, listing, rotate, withdraw
from certificates.keys.commands.serving import serve
from certificates.keys.rules.purposes import Purpose
from exam.accounts.commands import add_sign_in
from exam.kernel.errors import N_
from exam.kernel.i18n import translate

__all__ = ["add_commands"]

Wrap = Callable[[Any], Any]


def add_commands(commands: Any, common: argparse.ArgumentParser, with_services: Wrap) -> None:
    """Add ``keys`` to the command line; ``with_services`` wraps what needs the database."""
    group = commands.add_parser("keys", help=translate(N_("签名密钥：仪式、更换、失密"))).add_subparsers(
        required=True, metavar="COMMAND"
    )
    _ceremony(group.add_parser("ceremony", parents=[common], help=translate(N_("当着见证人制作密钥，留下记录"))))
    _serving(group.add_parser("serve", parents=[common], help=translate(N_("为其他机器签署（远程签名服务）"))))
    shown = group.add_parser("list", parents=[common], help=translate(N_("列出登记的密钥")))
    shown.set_defaults(command=with_services(listing))
    turned = group.add_parser("rotate", parents=[common], help=translate(N_("登记新密钥并立即启用")))
    turned.add_argument(
        "ring", type=Path, metavar="RING", help=translate(N_("密钥环文件，例如密钥仪式文件夹中的 ring.json"))
    )
    turned.add_argument("--name", default="", help=translate(N_("只启用其中一把")))
    _signing_in(turned)
    turned.set_defaults(command=with_services(rotate))
    lost = group.add_parser(
        "compromise", parents=[common], help=translate(N_("报告密钥失密，立即停用；第二人确认后公示"))
    )
    lost.add_argument("name", metavar="NAME")
    lost.add_argument(
        "--from", dest="cut_off", default="", metavar="TIME", help=translate(N_("最早可能失密的时间（默认：现在）"))
    )
    lost.add_argument("--reason", default="", help=translate(N_("理由；第二人可不写")))
    _signing_in(lost)
    lost.set_defaults(command=with_services(compromise))
    mistaken = group.add_parser(
        "withdraw", parents=[common], help=translate(N_("撤回误报，密钥恢复使用；须由另一人办理"))
    )
    mistaken.add_argument("name", metavar="NAME")
    mistaken.add_argument("--reason", default="", required=True)
    _signing_in(mistaken)
    mistaken.set_defaults(command=with_services(withdraw))


def _signing_in(parser: argparse.ArgumentParser) -> None:
    add_sign_in(parser, who=translate(N_("办理人的账号")))


def _ceremony(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("folder", type=Path, metavar="FOLDER", help=translate(N_("新文件夹，最好在加密的移动介质上")))
    parser.add_argument("--organisation", required=True, help=translate(N_("证书上的机构名称")))
    parser.add_argument("--operator", required=True, help=translate(N_("操作人姓名")))
    parser.add_argument("--witness", action="append", default=[], help=translate(N_("见证人姓名，至少两名，各写一次")))
    parser.add_argument("--place", default="", help=translate(N_("地点")))
    parser.add_argument("--purpose", action="append", default=[], choices=[str(one) for one in Purpose])
    parser.add_argument(
        "--algorithm", default="ES256", choices=["ES256", "RS256"], help=translate(N_("证书文件密钥的算法"))
    )
    parser.add_argument("--years", type=int, default=5, choices=range(1, 11), metavar="1-10")
    parser.add_argument("--csr", action="store_true", help=translate(N_("只做证书申请，由外部机构签发")))
    parser.add_argument(
        "--token", default="", metavar="LABEL", help=translate(N_("在密码设备（PKCS #11）中制作密钥，密钥不能取出"))
    )
    parser.add_argument("--module", default="", metavar="PATH", help=translate(N_("密码设备的程序库（.so）")))
    parser.add_argument(
        "--pin-file", type=Path, default=None, metavar="FILE", help=translate(N_("密码设备的 PIN，权限 0600"))
    )
    parser.add_argument("--passphrase-stdin", action="store_true", help=translate(N_("从标准输入读取口令")))
    parser.set_defaults(command=ceremony)


def _serving(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--secret", type=Path, required=True, help=translate(N_("共享密钥文件（32 字节，十六进制，权限 0600）"))
    )
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=8443)
    parser.add_argument("--certificate", type=Path, default=None, help=translate(N_("HTTPS 的服务器证书")))
    parser.add_argument("--key", type=Path, default=None, help=translate(N_("HTTPS 的服务器密钥")))
    parser.add_argument(
        "--client-authority", type=Path, default=None, help=translate(N_("只接受由此机构签发证书的客户端"))
    )
    parser.set_defaults(command=serve)
