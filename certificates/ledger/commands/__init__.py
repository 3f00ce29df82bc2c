"""``kaowu ledger``: witness other people's logs, monitor one, publish one's own, let a person leave it."""

from __future__ import annotations

import argparse
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from certificates.ledger.commands import erase, monitor, static, witness
from certificates.ledger.commands.monitor import KnownOf
from exam.kernel.errors import N_
from exam.kernel.i18n import translate
from exam.kernel.services import Services

Work = Callable[[Services, argparse.Namespace], Awaitable[int]]
Wrap = Callable[[Work], Callable[[argparse.Namespace], int]]


@dataclass(frozen=True)
class Parts:
    """What the commands need of others."""

    known: KnownOf  # what there is outside the ledger
    owner: erase.OwnerOf  # whose certificate a number is
    seal: static.Seal


def add_commands(commands: Any, common: argparse.ArgumentParser, with_services: Wrap, parts: Parts) -> None:
    """Add ``ledger ...``."""
    group = commands.add_parser("ledger", help=translate(N_("登记簿：见证、监测、公布"))).add_subparsers(
        required=True, metavar="COMMAND"
    )
    witnessing = group.add_parser("witness", parents=[common], help=translate(N_("为登记簿做见证")))
    witnessing.add_argument("--name", required=True, help=translate(N_("见证方名称，例如 witness.example.org/w1")))
    witnessing.add_argument(
        "--state", type=Path, required=True, metavar="DIR", help=translate(N_("密钥与已见证检查点的目录"))
    )
    witnessing.add_argument(
        "--log", action="append", default=[], metavar="VKEY", help=translate(N_("登记簿的公钥，可多次给出"))
    )
    witnessing.add_argument("--host", default="127.0.0.1")
    witnessing.add_argument("--port", type=int, default=8091)
    witnessing.set_defaults(command=witness.run)

    monitoring = group.add_parser("monitor", parents=[common], help=translate(N_("核对公布的登记簿与数据库")))
    monitoring.add_argument(
        "source", nargs="?", metavar="DIR|URL", help=translate(N_("公布的登记簿（默认：本机的目录）"))
    )
    monitoring.add_argument("--policy", type=Path, metavar="FILE", help=translate(N_("登记簿与见证方的公钥")))
    monitoring.add_argument("--state", type=Path, metavar="FILE", help=translate(N_("上次核对到的检查点")))
    monitoring.add_argument("--no-database", action="store_true", help=translate(N_("只看公布的文件")))
    checked = with_services(monitor.with_database(parts.known))
    monitoring.set_defaults(command=lambda arguments: (monitor.alone if arguments.no_database else checked)(arguments))

    sealing = group.add_parser("seal", parents=[common], help=translate(N_("签名、取得见证并公布检查点")))
    sealing.set_defaults(command=with_services(static.seal_now(parts.seal)))
    exporting = group.add_parser("export", parents=[common], help=translate(N_("把整个登记簿写成静态文件")))
    exporting.add_argument("folder", type=Path, metavar="DIR")
    exporting.set_defaults(command=with_services(static.export))
    showing = group.add_parser("key", parents=[common], help=translate(N_("登记簿的公钥与策略文件")))
    showing.set_defaults(command=with_services(static.key))
    erasing = group.add_parser("erase", parents=[common], help=translate(N_("抹除一张证书的盐，须两人办理")))
    erase.add_arguments(erasing)
    erasing.set_defaults(command=with_services(erase.run(parts.owner)))
