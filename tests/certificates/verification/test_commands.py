"""``kaowu certificate verify``: needs no database for the signature, names each check, and its exit status is the answer."""

from __future__ import annotations

import argparse
import io
import json
from datetime import UTC, datetime
from pathlib import Path
from uuid import uuid4

import pytest
from cryptography.hazmat.primitives import serialization
from PIL import Image

from certificates.designs.queries import built_in_template
from certificates.issuing.documents import Intent, draw
from certificates.issuing.rules.face import Face
from certificates.issuing.signer import sign, signer_of
from certificates.verification import commands
from exam.kernel import printing
from exam.kernel.settings import Settings
from tests.exam.kernel.print_home import link_fonts


@pytest.fixture(scope="module")
def signed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder with a signed file in it, and no database."""
    home = tmp_path_factory.mktemp("shell") / "home"
    link_fonts(home)
    found = printing.dummy("certificate")
    photo = io.BytesIO()
    Image.new("RGB", (250, 350), "#f4f4f4").save(photo, "JPEG")
    intent = Intent(
        id=uuid4(),
        number=found["number"],
        version=1,
        token="A" * 22,
        template=built_in_template(),
        face=Face.from_data(found["face"]),
        id_number=found["id_number"],
        photo_sha256="",
        numbered_at=datetime(2026, 5, 16, 1, tzinfo=UTC),
    )
    signer = signer_of(Settings(home=home))
    drawn = draw(intent, photo=photo.getvalue(), base_url="http://example.org", signer_name=signer.name, home=home)
    (home / "certificate.pdf").write_bytes(sign(drawn, signer))
    (home / "root.pem").write_bytes(signer.chain[-1].public_bytes(serialization.Encoding.PEM))
    return home


@pytest.fixture(autouse=True)
def at_home(signed: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KAOWU_HOME", str(signed))
    monkeypatch.delenv("DATABASE_URL", raising=False)


def run(*arguments: str) -> int:
    parser = argparse.ArgumentParser()
    common = argparse.ArgumentParser(add_help=False)
    common.add_argument("--json", action="store_true")
    commands.add_commands(parser.add_subparsers(), common)
    parsed = parser.parse_args(["certificate", "verify", *arguments])
    return int(parsed.command(parsed))


def test_a_genuine_file_needs_no_database(signed: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(str(signed / "certificate.pdf"), "--json") == 0
    said = json.loads(capsys.readouterr().out)
    one = said["files"][0]
    assert said["genuine"] is True
    assert one["checks"] == {
        "whole_file": True,
        "no_later_change": True,
        "signature": True,
        "chain": True,
        "ledger": None,
    }


def test_every_failed_check_is_named_and_one_bad_file_is_enough(
    signed: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    altered = tmp_path / "altered.pdf"
    data = (signed / "certificate.pdf").read_bytes()
    altered.write_bytes(data.replace(b"PPKLite", b"PPKLitf", 1))
    longer = tmp_path / "longer.pdf"
    longer.write_bytes(data + b"\n%%EOF\n")
    assert run(str(signed / "certificate.pdf"), str(altered), str(longer), "--json") == 1
    first, second, third = json.loads(capsys.readouterr().out)["files"]
    assert first["genuine"]
    assert (second["verdict"], second["checks"]["no_later_change"]) == ("altered", False)
    assert (third["verdict"], third["checks"]["whole_file"]) == ("altered", False)


def test_a_missing_file_and_a_foreign_root_are_no(
    signed: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(str(tmp_path / "nothing.pdf")) == 1
    assert "✗" in capsys.readouterr().out
    link_fonts(tmp_path / "other")
    stranger = signer_of(Settings(home=tmp_path / "other")).chain[-1]
    (tmp_path / "stranger.pem").write_bytes(stranger.public_bytes(serialization.Encoding.PEM))
    assert run(str(signed / "certificate.pdf"), "--roots", str(tmp_path / "stranger.pem")) == 1
    assert run(str(signed / "certificate.pdf"), "--roots", str(signed / "root.pem")) == 0
    assert "✓" in capsys.readouterr().out


def test_where_there_is_no_installation_nothing_is_made(
    signed: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("KAOWU_HOME", str(tmp_path / "empty"))
    assert run(str(signed / "certificate.pdf"), "--json") == 1
    assert json.loads(capsys.readouterr().out)["files"][0]["checks"]["chain"] is False
    assert not (tmp_path / "empty").exists()
