"""The front door: it knows its verbs and says in one sentence what is missing."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import run
from exam.kernel.settings import TREE


def _start(*arguments: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run([sys.executable, "run.py", *arguments], cwd=TREE, capture_output=True, text=True, check=False)


def test_without_a_verb_it_explains_itself() -> None:
    done = _start()
    assert done.returncode == 2
    for verb in ("demo", "test", "setup", "serve", "work"):
        assert f"run.py {verb}" in done.stdout
    assert _start("--help").returncode == 0
    assert _start("dance").returncode == 2


def test_setup_takes_nothing_more() -> None:
    done = _start("setup", "--fast")
    assert done.returncode == 1
    assert "takes no arguments" in done.stderr


def test_a_python_without_venv_is_told_what_to_install() -> None:
    program = "import sys; sys.modules['ensurepip'] = None; import run; sys.exit(run.main(['setup']))"
    done = subprocess.run([sys.executable, "-c", program], cwd=TREE, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "python3-venv" in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1


def test_an_old_python_is_told_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "version_info", (3, 10, 12))
    with pytest.raises(run.Stopped, match=r"3\.11"):
        run.require_python()


def test_a_failed_step_shows_its_last_lines() -> None:
    with pytest.raises(run.Stopped, match=r"broken:\n  the reason"):
        run.must([sys.executable, "-c", "import sys; sys.exit('the reason')"], "broken")


def test_files_are_written_whole_and_only_when_they_change(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "file"
    run.write(path, "one", mode=0o755)
    first = path.stat()
    run.write(path, "one")
    assert path.stat().st_mtime_ns == first.st_mtime_ns
    run.write(path, "two")
    assert path.read_text() == "two"
    assert [entry.name for entry in path.parent.iterdir()] == ["file"]


def test_a_half_unpacked_set_is_not_taken_for_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(run, "NATIVE", tmp_path)
    monkeypatch.setattr(shutil, "which", lambda name: None)
    cut = tmp_path / "tools.new" / "usr" / "bin"
    cut.mkdir(parents=True)
    (cut / "qpdf").touch()
    assert run.find_tool("qpdf") == ""
    cut.parent.parent.rename(tmp_path / "tools")
    assert run.find_tool("qpdf") == str(tmp_path / "tools" / "usr" / "bin" / "qpdf")


def test_the_command_of_the_continuous_check_is_the_developers() -> None:
    assert "python3 run.py test" in (TREE / ".ci" / "run").read_text("utf-8")


def test_where_there_is_no_small_browser_the_whole_one_is_brought(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[tuple[str, ...]] = []

    def unpack(name: str, *packages: str) -> None:
        asked.append(packages)
        if run.SHELL in packages:
            raise run.Stopped("no such package")

    monkeypatch.setattr(run, "unpack", unpack)
    monkeypatch.setattr(sys, "platform", "linux")
    monkeypatch.setattr("os.geteuid", lambda: 1000)
    monkeypatch.setattr("shutil.which", lambda name: "/usr/bin/apt-get")
    run.bring_tools(["qpdf", run.SHELL])
    assert asked == [("qpdf", run.SHELL), ("qpdf", "chromium")]


def test_a_browser_that_was_unpacked_is_found_the_small_one_first(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(run, "NATIVE", tmp_path)
    assert run.unpacked("chromium") == ""
    folder = tmp_path / "tools/usr/lib/chromium"
    folder.mkdir(parents=True)
    for name in ("chromium", run.SHELL):
        (folder / name).touch()
        assert Path(run.unpacked("chromium")).name == name
