"""The fingerprint is that of the files, and nothing near holds nothing up."""

from pathlib import Path

from exam.deployment.rules import NearSession, fingerprint, must_wait
from tests.conftest import NOW


def test_a_fingerprint_is_that_of_names_and_contents(tmp_path: Path) -> None:
    empty = fingerprint(tmp_path)
    file = tmp_path / "exam" / "a.py"
    file.parent.mkdir()
    file.write_text("1")
    one = fingerprint(tmp_path)
    (tmp_path / "exam" / "a.pyc").write_text("cached")
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs" / "b.py").write_text("not the program")
    assert fingerprint(tmp_path) == one != empty
    file.write_text("2")
    two = fingerprint(tmp_path)
    file.rename(tmp_path / "exam" / "b.py")
    assert len({empty, one, two, fingerprint(tmp_path)}) == 4


def test_without_a_session_nothing_waits() -> None:
    near = [NearSession(starts_at=NOW, site_name="", room_name="")]
    assert must_wait(near, False)
    assert not must_wait(near, True) and not must_wait([], False)
