"""The printed record of a ceremony says who was there and names the hash of the log."""

from __future__ import annotations

import shutil
import subprocess
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path

import pytest

from certificates.keys.documents import ceremony_record
from certificates.keys.rules.ceremony import Plan
from certificates.keys.rules.purposes import Purpose
from certificates.keys.signer.ceremony import hold
from tests.exam.kernel.print_home import print_home

NOW = datetime(2026, 5, 16, 1, tzinfo=UTC)


@pytest.mark.skipif(not shutil.which("pdftotext"), reason="no poppler on this machine")
def test_the_record_names_people_keys_and_hashes(tmp_path: Path) -> None:
    plan = Plan(
        organisation="样本机构",
        operator="张三",
        witnesses=("李四", "王五"),
        place="三楼机房",
        purposes=(Purpose.DOCUMENT,),
    )
    held = hold(tmp_path / "c", plan, now=lambda: NOW, passphrase=b"twelve letters", software={"kaowu": "f" * 64})
    data = ceremony_record(held.log, now=NOW, home=print_home())
    words = subprocess.run(
        ["pdftotext", "-layout", "-", "-"], input=data, capture_output=True, check=True
    ).stdout.decode()
    for word in ("张三", "李四", "王五", "三楼机房", "样本机构", "document-20260516", sha256(held.log).hexdigest()):
        assert word in words.replace("\n", ""), word
