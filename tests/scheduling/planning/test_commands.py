"""The shell: what is printed, what is written, and with which status it ends."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from exam.cli import main
from scheduling.planning.rules.plan import Plan
from scheduling.planning.rules.problem import Problem
from scheduling.planning.rules.reading import read_plan
from scheduling.planning.rules.serial import plan_bytes, problem_bytes, problem_sha256
from tests.scheduling.planning import small
from tests.scheduling.planning.rules import planted


@pytest.fixture
def files(tmp_path: Path) -> "Files":
    return Files(tmp_path)


class Files:
    """A problem and a plan on the disk."""

    def __init__(self, folder: Path) -> None:
        self.problem, self.plan, self.out = folder / "problem.json", folder / "plan.json", folder / "out.json"
        self.write(small.problem(), small.plan())

    def write(self, problem: Problem, plan: Plan) -> None:
        self.problem.write_bytes(problem_bytes(problem))
        self.plan.write_bytes(plan_bytes(replace(plan, problem_sha256=problem_sha256(problem))))


def run(capsys: Any, *arguments: object) -> tuple[int, Any]:
    """Run a command with --json: its status and its document."""
    status = main(["schedule", *map(str, arguments), "--json"])
    return status, json.loads(capsys.readouterr().out)


def test_a_valid_plan_passes(files: Files, capsys: Any) -> None:
    status, document = run(capsys, "check", files.problem, files.plan)
    assert (status, document["passed"], document["violations"], document["same_problem"]) == (0, True, [], True)
    assert document["objectives"]["travel_km_sum"] == 222.4


def test_every_violation_is_named_and_the_status_is_1(files: Files, capsys: Any) -> None:
    files.write(*planted.problem_and_plan(planted.ALL))
    status, document = run(capsys, "check", files.problem, files.plan)
    assert (status, document["passed"]) == (1, False)
    assert [one["h"] for one in document["violations"]] == [f"H{number}" for number in planted.ALL]
    assert all(one["what"] and "%(" not in one["what"] and one["where"] for one in document["violations"])
    assert document["counts"]["H18"] == 1


def test_people_read_sentences(files: Files, capsys: Any) -> None:
    files.write(*planted.problem_and_plan((4,)))
    assert main(["schedule", "check", str(files.problem), str(files.plan)]) == 1
    assert "✗ H4  考场 R1 只有 19 个座位，安排了 20 名考生。  [S4/R1@1a]" in capsys.readouterr().out


def test_against_the_published_plan(files: Files, capsys: Any) -> None:
    moved = small.plan(sessions=(small.session(slot="1b"), small.session("N2", "W1", "1c", "skill")))
    before = files.out
    before.write_bytes(plan_bytes(small.plan(published=True)))
    files.write(small.problem(), moved)
    status, document = run(capsys, "check", files.problem, files.plan, "--previous", before)
    assert (status, document["counts"], document["objectives"]["changed"]) == (1, {"H17": 1}, 20)
    status, _ = run(capsys, "check", files.problem, files.plan, "--previous", before, "--moved-at-most", 20)
    assert status == 0


def test_a_lost_site_frees_who_was_there(files: Files, capsys: Any) -> None:
    before = files.out
    before.write_bytes(plan_bytes(small.plan(published=True)))
    elsewhere = (small.session(site="S2"), small.session("N2", "W1", "1c", "skill", site="S2"))
    files.write(
        small.problem(sites=(small.site(), small.site("S2"))),
        small.plan(placements=(small.placement("G1", "S2"),), sessions=elsewhere),
    )
    status, document = run(capsys, "check", files.problem, files.plan, "--previous", before)
    assert (status, document["counts"]) == (1, {"H17": 1})
    status, document = run(capsys, "check", files.problem, files.plan, "--previous", before, "--lost-site", "S1")
    assert (status, document["objectives"]["changed"]) == (0, 20)
    assert main(["schedule", "check", str(files.problem), str(files.plan), "--lost-site", "S9"]) == 2
    assert "S9" in capsys.readouterr().err


def test_a_false_claim_is_status_1(files: Files, capsys: Any) -> None:
    _, document = run(capsys, "check", files.problem, files.plan)
    claimed = document["objectives"] | {"room_sessions": 1}
    raw = json.loads(files.plan.read_bytes()) | {"objectives": claimed}
    files.plan.write_text(json.dumps(raw))
    status, document = run(capsys, "check", files.problem, files.plan)
    assert (status, document["wrong"]) == (1, [{"name": "room_sessions", "claimed": 1, "recomputed": 2}])


def test_a_malformed_file_is_refused_with_its_places(files: Files, capsys: Any) -> None:
    files.problem.write_bytes(files.problem.read_bytes().replace(b'"count":20', b'"count":-1'))
    status, document = run(capsys, "check", files.problem, files.plan)
    assert (status, document["file"]) == (2, str(files.problem))
    assert [(one["place"], one["code"]) for one in document["problems"]] == [("groups[0].count", "out_of_range")]
    assert document["problems"][0]["way_out"]
    assert main(["schedule", "check", str(files.problem), str(files.plan)]) == 2
    assert "groups[0].count" in capsys.readouterr().err


def test_a_plan_of_something_else_is_refused(files: Files, capsys: Any) -> None:
    files.write(small.problem(), small.plan(sessions=(small.session(place="R9"),)))
    status, document = run(capsys, "check", files.problem, files.plan)
    assert (status, document["file"]) == (2, str(files.plan))
    assert [one["place"] for one in document["problems"]] == ["sessions[0].place"]


def test_a_file_that_is_not_there(files: Files, capsys: Any) -> None:
    assert main(["schedule", "check", str(files.out), str(files.plan)]) == 2
    assert str(files.out) in capsys.readouterr().err


def test_solving_writes_a_plan_that_holds(files: Files, capsys: Any) -> None:
    status, document = run(capsys, "solve", files.problem, "--out", files.out, "--processes", 1, "--seed", 7)
    assert (status, document["passed"], document["unplaced"], document["plan"]) == (0, True, [], str(files.out))
    plan = read_plan(files.out.read_bytes())
    assert (plan.seed, plan.problem_sha256) == (7, problem_sha256(small.problem()))
    first = files.out.read_bytes()
    run(capsys, "solve", files.problem, "--out", files.out, "--processes", 1, "--seed", 7)
    assert files.out.read_bytes() == first
    status, document = run(capsys, "check", files.problem, files.out)
    assert (status, document["wrong"]) == (0, [])


def test_who_cannot_be_placed_is_listed_with_status_0(files: Files, capsys: Any) -> None:
    files.write(small.problem(sites=(small.site(approvals=()),)), small.plan())
    status, document = run(capsys, "solve", files.problem, "--out", files.out, "--processes", 1)
    (unplaced,) = document["unplaced"]
    assert (status, unplaced["count"], unplaced["reason"]) == (0, 20, "no_site")
    assert main(["schedule", "solve", str(files.problem), "--out", str(files.out), "--processes", "1"]) == 0
    shown = capsys.readouterr().out
    assert "组 G1 有 20 名考生未安排" in shown
    assert "未安排的每人按 100,000 公里计入" in shown  # the bound is not the travel


def test_where_everybody_has_a_place_nothing_is_said_of_the_unplaced(files: Files, capsys: Any) -> None:
    assert main(["schedule", "solve", str(files.problem), "--out", str(files.out), "--processes", "1"]) == 0
    shown = capsys.readouterr().out
    assert "下界" in shown and "未安排的每人" not in shown


def test_a_group_is_explained(files: Files, capsys: Any) -> None:
    status, document = run(capsys, "explain", files.problem, files.plan, "--group", "G1")
    assert (status, document["group"], document["bottlenecks"]) == (0, "G1", [])
    assert "site S1" in document["sentences"][0] and "11.1" in document["sentences"][0]
    assert main(["schedule", "explain", str(files.problem), str(files.plan), "--group", "G9"]) == 2
    assert "G9" in capsys.readouterr().err


def test_a_lost_site_is_repaired_and_who_moves_is_told(files: Files, capsys: Any) -> None:
    sites = (small.site(), small.site("S2", rooms=(small.room(seats=16),)))
    files.write(small.problem(sites=sites), small.plan(published=True))
    status, document = run(capsys, "repair", files.problem, files.plan, "--lost-site", "S1", "--out", files.out)
    assert (status, document["passed"], document["others_moved"]) == (0, True, 0)
    assert sum(one["count"] for one in document["to_notify"]) + document["objectives"]["unplaced"] == 20
    assert all(one["site"] == "S2" for one in document["to_notify"])
    again = ("check", files.problem, files.out, "--previous", files.plan, "--lost-site", "S1")
    status, document = run(capsys, *again)
    assert (status, document["wrong"], document["same_problem"]) == (0, [], True)


def test_a_file_of_losses_closes_a_room_and_lets_somebody_withdraw(files: Files, capsys: Any, tmp_path: Path) -> None:
    sites = (small.site(rooms=(small.room(), small.room("R2"))),)
    files.write(small.problem(sites=sites), small.plan(published=True))
    losses = tmp_path / "losses.json"
    losses.write_text('{"places": [{"site": "S1", "place": "R1"}], "withdrawn": [{"group": "G1", "count": 2}]}')
    status, document = run(capsys, "repair", files.problem, files.plan, "--losses", losses, "--out", files.out)
    assert (status, document["passed"], document["others_moved"]) == (0, True, 0)
    assert sum(one["count"] for one in document["to_notify"]) == 18
    again = ("check", files.problem, files.out, "--previous", files.plan, "--losses", losses)
    status, document = run(capsys, *again)
    assert (status, document["wrong"], document["same_problem"]) == (0, [], True)
    files.out.unlink()
    losses.write_text('{"rooms": []}')
    status, document = run(capsys, "repair", files.problem, files.plan, "--losses", losses, "--out", files.out)
    assert (status, files.out.exists(), len(document["problems"])) == (2, False, 1)
    losses.write_text('{"people": [{"person": "E9"}]}')
    command = [
        "schedule",
        "repair",
        str(files.problem),
        str(files.plan),
        "--losses",
        str(losses),
        "--out",
        str(files.out),
    ]
    assert (main(command), files.out.exists()) == (2, False)


def test_late_candidates_are_added_and_move_nobody(files: Files, capsys: Any) -> None:
    late = small.group("G2", 5, late=True)
    files.write(small.problem(groups=(small.group(), late)), small.plan(published=True))
    status, document = run(capsys, "repair", files.problem, files.plan, "--out", files.out)
    assert (status, document["objectives"]["changed"], document["objectives"]["unplaced"]) == (0, 0, 0)
    assert [(one["group"], one["count"]) for one in document["to_notify"]] == [("G2", 5)]


def test_a_repair_of_an_unknown_site_or_a_bad_plan_writes_nothing(files: Files, capsys: Any) -> None:
    status = main(
        ["schedule", "repair", str(files.problem), str(files.plan), "--lost-site", "S9", "--out", str(files.out)]
    )
    assert (status, files.out.exists()) == (2, False)
    files.plan.write_bytes(plan_bytes(small.plan(placements=(small.placement("G9"),))))
    capsys.readouterr()
    status, document = run(capsys, "repair", files.problem, files.plan, "--lost-site", "S1", "--out", files.out)
    assert (status, files.out.exists(), document["problems"][0]["place"]) == (2, False, "placements[0].group")


def test_a_malformed_problem_writes_nothing(files: Files, capsys: Any) -> None:
    files.problem.write_bytes(b"{}")
    status, _ = run(capsys, "solve", files.problem, "--out", files.out)
    assert (status, files.out.exists()) == (2, False)


def test_a_folder_that_is_not_there_is_said_before_solving(files: Files, capsys: Any) -> None:
    out = files.out.parent / "nowhere" / "plan.json"
    assert main(["schedule", "solve", str(files.problem), "--out", str(out)]) == 2
    assert str(out) in capsys.readouterr().err


@pytest.mark.parametrize(("kind", "name"), [("problem", "Problem"), ("plan", "Plan"), ("approvals", "Approvals")])
def test_the_schema_is_printed(capsys: Any, kind: str, name: str) -> None:
    assert main(["schedule", "schema", kind]) == 0
    assert json.loads(capsys.readouterr().out)["$ref"] == f"#/$defs/{name}"


def test_a_reader_who_stops_reading_sees_no_traceback(files: Files) -> None:
    """`kaowu … | head -1` closes the pipe under the command."""
    command = [sys.executable, "-m", "exam", "schedule", "schema", "problem"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as running:
        assert running.stdout is not None
        assert running.stderr is not None
        running.stdout.close()
        said = running.stderr.read()
    assert (running.returncode, said) == (141, b"")
