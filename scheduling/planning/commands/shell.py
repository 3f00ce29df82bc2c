"""What every command on files does: read or refuse, write whole or not at all, print one document."""

from __future__ import annotations

import argparse
import json
import os
import sys
from pathlib import Path
from typing import Any

from exam.kernel.errors import N_, Invalid, NotFound
from exam.kernel.i18n import translate


class NoSuchFolder(NotFound):
    """A plan that could not be written there."""

    message = N_("不能把计划写到 %(file)s：文件夹不存在，或它本身是文件夹。")
    way_out = N_("请先建立文件夹，或换一个文件名。")


class NoSuchFile(NotFound):
    """A file that cannot be read."""

    message = N_("读不到文件 %(file)s。")
    way_out = N_("请检查路径和读取权限。")


def refuse(arguments: argparse.Namespace, refusal: Invalid, file: Path) -> int:
    """Print every fault of a file with its place and way out; exit status 2."""
    faults = [
        {
            "place": fault.field,
            "code": fault.code,
            "what": translate(fault.message, **fault.facts),
            "way_out": translate(fault.way_out) if fault.way_out else "",
        }
        for fault in refusal.problems
    ]
    if arguments.json:
        print_json({"refused": translate(refusal.message, **refusal.facts), "file": str(file), "problems": faults})
    else:
        print(f"{file}: {translate(refusal.message, **refusal.facts)}", file=sys.stderr)
        for fault in faults:
            print(f"  {fault['place'] or '-'}: {fault['what']} {fault['way_out']}", file=sys.stderr)
    return 2


def writable(path: Path) -> None:
    """Make sure, before anything is solved, that the result can be written.

    :raises NoSuchFolder: there is no such folder, or the path is one
    """
    if path.is_dir() or not path.resolve().parent.is_dir():
        raise NoSuchFolder(file=str(path))


def read_bytes(path: Path) -> bytes:
    """The bytes of a file.

    :raises NoSuchFile: it cannot be read
    """
    try:
        return path.read_bytes()
    except OSError as error:
        raise NoSuchFile(file=str(path)) from error


def write_whole(path: Path, data: bytes) -> None:
    """Write a file whole or not at all: beside its place and on to the disk first, then moved there."""
    beside = path.with_name(f".{path.name}.part")
    with beside.open("wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    beside.replace(path)


def print_json(document: Any) -> None:
    """Print the one document of ``--json``."""
    print(json.dumps(document, ensure_ascii=False, indent=2, default=str), flush=True)
