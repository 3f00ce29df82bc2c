"""Backup and restore: ``python -m exam.kernel.backup save FOLDER`` and ``... load FOLDER``.

A backup is a folder: ``database.dump`` (pg_dump's custom format), ``files/`` (the content-addressed store, copied
forward: a second backup into the same folder copies only what is new) and ``manifest.json``. The database is dumped
first: a file is stored before the record that names it, so every file the dump names is there to be copied.
Keys are not in it, or one stolen folder would hold everything: they are kept elsewhere (docs/operations.md, Keys).
"""

import argparse
import hashlib
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import parse_qs, unquote, urlsplit

from exam.kernel.files import DiskStore
from exam.kernel.objects import s3_store
from exam.kernel.postgres import ensure_server, find_binaries
from exam.kernel.settings import Settings

DUMP = "database.dump"


class CannotRestore(Exception):
    """The backup is not whole, or the place it should go to is not empty."""


def save(settings: Settings, folder: Path) -> dict[str, object]:
    """Write a backup into a folder and return its manifest."""
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    url = ensure_server(settings)
    fresh = folder / f"{DUMP}.part"
    _run("pg_dump", url, "--format=custom", "--no-owner", "--no-privileges", f"--file={fresh}")
    os.replace(fresh, folder / DUMP)
    copied = (
        _fetch_missing(settings, folder / "files")
        if settings.store
        else _copy_missing(settings.files, folder / "files")
    )
    manifest: dict[str, object] = {
        "made_at": datetime.now(UTC).isoformat(timespec="seconds"),
        "database_sha256": _sha256(folder / DUMP),
        "files": sum(1 for path in (folder / "files").rglob("*") if path.is_file()),
        "files_copied": copied,
    }
    (folder / "manifest.json").write_text(json.dumps(manifest, indent=2) + "\n", "utf-8")
    return manifest


def load(settings: Settings, folder: Path) -> dict[str, object]:
    """Restore a backup into an installation whose database is empty; every byte is compared with its hash first."""
    manifest = json.loads((folder / "manifest.json").read_text("utf-8"))
    if _sha256(folder / DUMP) != manifest["database_sha256"]:
        raise CannotRestore("The dump is not the one its manifest describes.")
    altered = [path.name for path in (folder / "files").rglob("*") if path.is_file() and _sha256(path) != path.name]
    if altered:
        raise CannotRestore(f"{len(altered)} files differ from their hash, first: {altered[0]}.")
    url = ensure_server(settings)
    tables = _run("psql", url, "-X", "-A", "-t", "-c", "SELECT count(*) FROM pg_tables WHERE schemaname = 'exam'")
    if tables.strip() != "0":
        raise CannotRestore("The database is not empty: restore into a new one.")
    _run(
        "pg_restore",
        url,
        "--no-owner",
        "--no-privileges",
        "--exit-on-error",
        "--single-transaction",
        str(folder / DUMP),
    )
    copied = _put_all(folder / "files", settings) if settings.store else _copy_missing(folder / "files", settings.files)
    return {**manifest, "files_copied": copied}


def _copy_missing(source: Path, target: Path) -> int:
    """Copy the files of a content-addressed store that the other one lacks, each whole or not at all."""
    copied = 0
    for path in sorted(source.glob("??/*")):
        place = target / path.parent.name / path.name
        if len(path.name) != 64 or (place.exists() and place.stat().st_size == path.stat().st_size):
            continue
        place.parent.mkdir(parents=True, exist_ok=True)
        fresh = place.with_suffix(".part")
        shutil.copyfile(path, fresh)
        os.replace(fresh, place)
        copied += 1
    return copied


def _fetch_missing(settings: Settings, target: Path) -> int:
    """The same from a store elsewhere; every file's hash is compared on the way."""
    kept, copied = DiskStore(target), 0
    store = s3_store(settings.store, DiskStore(settings.files))
    for name in sorted(store.names()):
        if not kept.exists(name):
            kept.put(store.get(name))
            copied += 1
    return copied


def _put_all(source: Path, settings: Settings) -> int:
    """Put the files of a backup into a store elsewhere."""
    store = s3_store(settings.store, DiskStore(settings.files))
    there, copied = set(store.names()), 0
    for name in sorted(DiskStore(source).names()):
        if name not in there:
            store.put(DiskStore(source).get(name))
            copied += 1
    return copied


def _run(tool: str, url: str, *arguments: str) -> str:
    """Run one of PostgreSQL's clients on a database; the password goes by the environment, never by the command line."""
    parts = urlsplit(url)
    query = parse_qs(parts.query)
    places = {
        "--host": parts.hostname or (query.get("host") or ["localhost"])[0],
        "--port": str(parts.port or (query.get("port") or ["5432"])[0]),
        "--username": unquote(parts.username or ""),
        "--dbname": parts.path.lstrip("/"),
    }
    given = [f"{name}={value}" for name, value in places.items() if value]
    environment = {**os.environ, "PGPASSWORD": unquote(parts.password or "")}
    done = subprocess.run(
        [find_binaries().tool(tool), *given, *arguments], env=environment, capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise CannotRestore(done.stderr.strip()[-500:])
    return done.stdout


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def main(arguments: Sequence[str]) -> int:
    """Run one command; prints the manifest as JSON."""
    parser = argparse.ArgumentParser(prog="python -m exam.kernel.backup", description="Back up or restore Kaowu.")
    parser.add_argument("verb", choices=["save", "load"])
    parser.add_argument("folder", type=Path)
    parsed = parser.parse_args(arguments)
    try:
        done = (save if parsed.verb == "save" else load)(Settings.load(), parsed.folder.absolute())
    except CannotRestore as refused:
        sys.stderr.write(f"{refused}\n")
        return 1
    sys.stdout.write(json.dumps(done, indent=2) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
