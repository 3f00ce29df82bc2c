"""``kaowu schedule approve`` and the check of its answer: what is written, what is said, with which status it ends."""

import json
from pathlib import Path
from typing import Any

import pytest

from exam.cli import main
from exam.kernel.settings import TREE
from scheduling.planning.rules.reading import read_approvals, read_problem
from scheduling.planning.rules.serial import approvals_bytes

EXAMPLES = TREE / "docs" / "formats" / "examples"
PROBLEM = EXAMPLES / "scheduling-approvals.problem.json"
ANSWER = EXAMPLES / "scheduling-approvals.approvals.json"


def run(capsys: Any, *arguments: object) -> tuple[int, Any]:
    status = main(["schedule", *map(str, arguments), "--json"])
    return status, json.loads(capsys.readouterr().out)


def changed(folder: Path, source: Path, **changes: Any) -> Path:
    path = folder / source.name
    path.write_text(json.dumps(json.loads(source.read_text(encoding="utf-8")) | changes), encoding="utf-8")
    return path


def test_the_example_is_answered_as_described_and_twice_the_same(tmp_path: Path, capsys: Any) -> None:
    out, again = tmp_path / "a.json", tmp_path / "b.json"
    status, document = run(capsys, "approve", PROBLEM, "--out", out)
    assert (status, document["gap"], len(document["reasons"]), len(document["left"])) == (0, 0.0, 3, 1)
    assert "否则 14 名考生没有位置" in document["reasons"][1]
    assert "衢州市" in document["left"][0]
    run(capsys, "approve", PROBLEM, "--out", again)
    assert out.read_bytes() == again.read_bytes()
    described = read_approvals(ANSWER.read_bytes(), read_problem(PROBLEM.read_bytes()))
    assert out.read_bytes() == approvals_bytes(described)


def test_people_read_what_each_is_for(tmp_path: Path, capsys: Any) -> None:
    assert main(["schedule", "approve", str(PROBLEM), "--out", str(tmp_path / "a.json")]) == 0
    said = capsys.readouterr().out
    assert "建议批准 3 份申请" in said and "覆盖宁波市" in said and "没有站点申请这个证书" in said


def test_a_shuffled_file_has_the_same_answer(tmp_path: Path, capsys: Any) -> None:
    raw = json.loads(PROBLEM.read_text(encoding="utf-8"))
    lists = {name: list(reversed(raw[name])) for name in ("applications", "sites", "groups", "pilots", "prefectures")}
    _, first = run(capsys, "approve", PROBLEM, "--out", tmp_path / "a.json")
    _, second = run(capsys, "approve", changed(tmp_path, PROBLEM, **lists), "--out", tmp_path / "b.json")
    assert second["objective_km"] == first["objective_km"]
    assert second["problem_sha256"] == first["problem_sha256"]


def test_the_check_names_the_pair_that_stays_open_and_every_false_claim(tmp_path: Path, capsys: Any) -> None:
    status, document = run(capsys, "check", PROBLEM, ANSWER)
    assert (status, [one["where"] for one in document["violations"]], document["wrong"]) == (1, ["WEB/330800"], [])
    false = {"pairs": 9, "opening_km": 1.0, "objective_km": 2.0, "gap": 0.5, "uncovered": []}
    status, document = run(capsys, "check", PROBLEM, changed(tmp_path, ANSWER, **false))
    assert status == 1
    assert [one["name"] for one in document["wrong"]] == ["uncovered", "pairs", "opening_km", "objective_km", "gap"]
    fewer = json.loads(ANSWER.read_text(encoding="utf-8"))["approve"][:1]
    status, document = run(capsys, "check", PROBLEM, changed(tmp_path, ANSWER, approve=fewer))
    assert [one["where"] for one in document["violations"]] == ["WEB/330200", "WEB/330800"]


def test_once_all_is_covered_the_check_passes(tmp_path: Path, capsys: Any) -> None:
    waivers = [{"certificate": "WEB", "prefecture": "330800", "reason": "本期仅六名考生"}]
    waived = changed(tmp_path, PROBLEM, waivers=waivers)
    out, granted = tmp_path / "a.json", tmp_path / "granted.json"
    status, document = run(capsys, "approve", waived, "--out", out, "--granted", granted)
    assert (status, document["uncovered"]) == (0, [])
    status, document = run(capsys, "check", waived, out)
    assert (status, document["passed"], document["same_problem"]) == (0, True, True)
    problem = read_problem(granted.read_bytes())
    assert [one.id for one in problem.applications] == ["杭州甲东/WEB"]
    assert {site.id for site in problem.sites if site.approvals} == {"S1", "S2", "S3", "S4"}


def test_a_malformed_file_is_refused_with_every_place_and_nothing_is_written(tmp_path: Path, capsys: Any) -> None:
    applications = [
        {"id": "1", "site": "S9", "certificate": "WEB"},
        {"id": "1", "site": "S2", "certificate": "CARE"},
        {"id": "3", "site": "S2", "certificate": "WEB", "levels": ["advanced", "advanced"]},
        {"id": "4", "site": "S2", "certificate": "WEB", "valid_from": "2027-01-01", "valid_to": "2026-01-01"},
    ]
    out = tmp_path / "a.json"
    status, document = run(capsys, "approve", changed(tmp_path, PROBLEM, applications=applications), "--out", out)
    assert (status, out.exists()) == (2, False)
    assert sorted((one["place"], one["code"]) for one in document["problems"]) == [
        ("applications[0].site", "unknown"),
        ("applications[1].certificate", "unknown"),
        ("applications[1].id", "double"),
        ("applications[2].levels[1]", "double"),
        ("applications[3].valid_to", "period"),
    ]
    assert all(one["what"] and one["way_out"] for one in document["problems"])
    wrong_types = [{"id": "1", "site": "S2", "certificate": "WEB", "capacity": -1, "cost_km": "far"}, {"id": "2"}]
    status, document = run(capsys, "approve", changed(tmp_path, PROBLEM, applications=wrong_types), "--out", out)
    places = {one["place"] for one in document["problems"]}
    assert places == {
        "applications[0].capacity",
        "applications[0].cost_km",
        "applications[1].site",
        "applications[1].certificate",
    }


def test_an_answer_to_something_else_is_refused(tmp_path: Path, capsys: Any) -> None:
    one = {"application": "宁波丙/WEB", "site": "S1", "certificate": "WEB"}
    status, document = run(capsys, "check", PROBLEM, changed(tmp_path, ANSWER, approve=[one]))
    assert (status, [fault["place"] for fault in document["problems"]]) == (2, ["approve[0].site"])


@pytest.mark.parametrize("option", ["--out", "--granted"])
def test_a_folder_that_is_not_there_is_said_before_anything_is_solved(tmp_path: Path, capsys: Any, option: str) -> None:
    nowhere = tmp_path / "nowhere" / "a.json"
    command = ["schedule", "approve", str(PROBLEM), "--out", str(tmp_path / "a.json"), option, str(nowhere)]
    assert main(command) == 2
    assert str(nowhere) in capsys.readouterr().err
    assert not (tmp_path / "a.json").exists()
