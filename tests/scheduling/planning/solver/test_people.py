"""People with exams at several sites: what is left to them, and what they keep."""

from scheduling.planning.solver.people import exams_of, free_at, kept, windows
from tests.scheduling.planning import small

PROBLEM = small.problem(
    slots=small.slots(2, (("08:30", 120), ("11:00", 120), ("14:00", 120), ("16:30", 120))),
    sites=(small.site("S1"), small.site("S2", lat=32.2)),  # 111 km, two hours
    groups=(small.group("G1", 1, person="Q"), small.group("G2", 5)),
)


def free(*exams: tuple[str, int, str]) -> str:
    """The free slots at S1, a letter each."""
    return "".join("x" if one else "." for one in free_at(PROBLEM, exams, "S1"))


def test_without_exams_every_slot_is_free() -> None:
    assert exams_of(PROBLEM, "Q", ()) == []
    assert free() == "xxxxxxxx"
    assert kept(PROBLEM, ()) == {}
    assert windows(PROBLEM, ()) == {}


def test_an_exam_at_the_same_site_takes_its_slot() -> None:
    assert free(("G1", 1, "S1")) == "x.xxxxxx"


def test_an_exam_elsewhere_takes_the_time_to_travel_on_its_day() -> None:
    assert free(("G1", 1, "S2")) == "...xxxxx"
    assert free(("G1", 0, "S2"), ("G1", 7, "S2")) == "..xxxx.."


def test_what_somebody_sits_is_read_from_the_sessions_and_kept() -> None:
    theory = small.session(parts=(small.part("G1", 0, 1), small.part("G2", 0, 5)))
    exams = exams_of(PROBLEM, "Q", (theory, small.session("N2", "W1", "2a", "skill", parts=(small.part("G1", 0, 1),))))
    assert exams == [("G1", 0, "S1"), ("G1", 4, "S1")]
    assert kept(PROBLEM, exams) == {"G1": (True, False, False, False, True, False, False, False)}
