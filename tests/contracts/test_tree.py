"""What holds for every file: it says what it owns, names no machine and no address, and stands where the map says."""

import ast
import re
import subprocess
import sys
from pathlib import Path

import pytest

from exam.kernel.settings import TREE

PACKAGES = ("exam", "scheduling", "scoring", "certificates")
OWNERLESS = {"exam/kernel", "exam/demo", "exam/migrations", "exam/home", "exam/command"}
"""Folders with a vocabulary of their own: tools, the demo's script, the history, the first pages, the live picture."""


def _tracked() -> list[Path]:
    """Files of the repository that are there; in an unpacked archive every file that is not ignored by name."""
    listing = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=TREE,
        capture_output=True,
        check=False,
    )
    if listing.returncode == 0:
        names = [name for name in listing.stdout.decode().split("\0") if name]
    else:
        ignored = (".venv", ".kaowu", "out", "__pycache__")
        names = [str(path.relative_to(TREE)) for path in TREE.rglob("*") if not set(path.parts) & set(ignored)]
    return [TREE / name for name in names if (TREE / name).is_file()]


def _modules() -> list[Path]:
    return [path for path in _tracked() if path.suffix == ".py"]


def test_the_import_contracts_hold() -> None:
    program = "import sys; from importlinter.cli import lint_imports_command; lint_imports_command()"
    done = subprocess.run([sys.executable, "-c", program], cwd=TREE, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout


def test_every_folder_stands_under_the_vocabulary_contract() -> None:
    contracts = (TREE / "pyproject.toml").read_text("utf-8")
    for package in PACKAGES:
        for folder in (path.parent for path in (TREE / package).glob("*/__init__.py")):
            name = folder.relative_to(TREE).as_posix()
            assert name in OWNERLESS or f'"{name.replace("/", ".")}"' in contracts, f"{name} is in no contract"


def test_every_module_says_what_it_owns() -> None:
    silent = []
    for path in _modules():
        text = path.read_text("utf-8")
        if path.name == "__init__.py" and not text.strip() and "tests" in path.parts:
            continue
        doc = ast.get_docstring(ast.parse(text))
        if not doc or len(doc) < 20:
            silent.append(str(path.relative_to(TREE)))
    assert silent == []


# Written in pieces, so that this file does not name what it looks for.
_FORBIDDEN = {
    "a package registry": r"pypi\.(org|python)|files\.python" + r"hosted|registry\.npm" + r"js|/simple/[a-z]",
    "a mirror": r"mirrors?\.(aliyun|tuna|ustc|huawei)",
    "a path of one machine": r"(?<![\w.])/(work|opt|home|root|Users)/(?!homebrew)[a-z]\w+/",
    "a mobile phone": r"(?<![\w.])1[3-9](?!\d*0000)\d{9}(?!\w)",
}
_TEXT = {
    ".py",
    ".toml",
    ".md",
    ".html",
    ".css",
    ".js",
    ".po",
    ".json",
    ".sql",
    ".in",
    ".lock",
    ".mako",
    ".txt",
    ".svg",
    ".xml",
    "",
}


@pytest.mark.parametrize("what", _FORBIDDEN)
def test_no_file_names(what: str) -> None:
    pattern = re.compile(_FORBIDDEN[what])
    found = []
    for path in _tracked():
        if path.suffix not in _TEXT or path == Path(__file__) or "vendor" in path.parts:
            continue
        for number, line in enumerate(path.read_text("utf-8", errors="replace").splitlines(), 1):
            if len(line) < 2000 and pattern.search(line):
                found.append(f"{path.relative_to(TREE)}:{number}: {line.strip()[:100]}")
    assert found == []


def test_every_lock_line_is_pinned_and_hashed() -> None:
    for lock in ("requirements.lock", "requirements-test.lock"):
        text = (TREE / lock).read_text("utf-8")
        entries = re.split(r"\n(?=\S)", text.strip())
        assert len(entries) > 50
        for entry in entries:
            assert re.match(r"[a-z0-9._-]+(\[[a-z,]+\])?==", entry, re.IGNORECASE), entry[:80]
            assert "--hash=sha256:" in entry, entry[:80]
        assert not re.search(r"https?:|file:|--index|--find-links", text)


def test_the_two_locks_agree() -> None:
    def versions(lock: str) -> dict[str, str]:
        return dict(re.findall(r"^([\w.-]+)(?:\[[^]]*\])?==(\S+)", (TREE / lock).read_text("utf-8"), re.MULTILINE))

    running, testing = versions("requirements.lock"), versions("requirements-test.lock")
    assert running == {name: testing.get(name) for name in running}


def test_tests_stand_where_the_module_stands() -> None:
    strays = []
    for path in (TREE / "tests").rglob("test_*.py"):
        folder = path.parent.relative_to(TREE / "tests")
        if folder.parts and folder.parts[0] in PACKAGES and not (TREE / folder).is_dir():
            strays.append(str(folder / path.name))
    assert strays == []
