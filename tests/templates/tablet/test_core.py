"""The tablet's own arithmetic in a real browser against the rules of the server: the same bytes, hashes, slips and marks."""

import base64
import json
from dataclasses import replace
from decimal import Decimal
from random import Random
from typing import TYPE_CHECKING, Any
from uuid import UUID

import pytest
import segno

from exam.catalogue.rules import Row, RowKind, Sheet, parse_sheet
from exam.kernel.canonical import canonical
from scoring.marking.rules.sheets import missing, read_entries, score_sheet
from scoring.tablets.rules.devices import read_event
from scoring.tablets.rules.events import Kind, SheetKey, broken_links, gaps
from scoring.tablets.rules.folding import fold
from scoring.tablets.rules.slips import slip
from tests.scoring.builders import sheet_definition
from tests.scoring.tablets.world import Tablet
from tests.templates.tablet.conftest import run

if TYPE_CHECKING:
    from playwright.async_api import Page

pytestmark = pytest.mark.browser
DEVICE = UUID("00000000-0000-4000-8000-000000000007")
TEXTS = ("", "工位 7", '"\\/', "\u0000\u001f\u007f\u2028", "\U0001f600", "\ufb33", "e\u0301", "\r\n\t\b\f", "ÿ")


def _plain(random: Random, depth: int = 0) -> Any:
    """Any value that an event may hold."""
    match random.randrange(7 if depth < 3 else 5):
        case 0:
            return random.choice((None, True, False))
        case 1:
            return random.choice((0, -1, 2**53 - 1, -(2**53) + 1, random.randrange(10**6)))
        case 2 | 3 | 4:
            return "".join(random.choice(TEXTS) for _ in range(random.randrange(4)))
        case 5:
            return [_plain(random, depth + 1) for _ in range(random.randrange(4))]
        case _:
            return {
                "".join(random.choice(TEXTS) for _ in range(2)): _plain(random, depth + 1)
                for _ in range(random.randrange(5))
            }


async def test_the_same_value_gives_the_same_bytes(tab: "Page") -> None:
    random = Random("canonical")
    values = [_plain(random) for _ in range(300)]
    found = await run(tab, "bytes.js", "(m, all) => all.map(one => m.base64(m.canonical(one)))", values)
    assert [base64.b64decode(one) for one in found] == [canonical(one) for one in values]


async def test_what_has_no_single_spelling_is_refused(tab: "Page") -> None:
    refused = await run(
        tab,
        "bytes.js",
        """m => [1.5, 2 ** 53, NaN, Infinity, "\\ud800", {"\\udc00": 1}, undefined, [undefined], new Date(0), new Map()].map(one => {
          try { m.canonical(one); return false; } catch (error) { return error instanceof TypeError; }
        })""",
    )
    assert refused == [True] * 10


def _body(sitting: int, assessor: int, kind: Kind, **data: Any) -> dict[str, Any]:
    return {
        "kind": kind.value, "sitting": str(UUID(int=sitting)), "assessor": str(UUID(int=assessor)), "version": 1, "data": data,
    }  # fmt: skip


async def test_a_chain_of_the_browser_is_one_for_the_server(tab: "Page") -> None:
    """Events written in the page are read by the server's rules: members, links, hashes, the counter."""
    wanted = [
        _body(1, 9, Kind.OPENED),
        _body(1, 9, Kind.ANSWERED, row="A1", value="20.010"),
        _body(1, 9, Kind.NOTED, text="边角崩缺 \U0001f600"),
        _body(1, 9, Kind.SIGNED, answers={"A1": "20.010"}, overtime=None, note=""),
    ]
    sent = await run(
        tab,
        "chain.js",
        """async (m, [device, all]) => {
          const chain = { last: 0, hash: "", counter: 41 }, found = [];
          for (const one of all) {
            const event = m.nextEvent(chain, device, one, m.saidAt());
            Object.assign(chain, { last: event.number, hash: await m.hashOf(event), counter: event.counter });
            found.push([event, chain.hash]);
          }
          return found;
        }""",
        [str(DEVICE), wanted],
    )
    events = [read_event(one, DEVICE) for one, _ in sent]
    assert [one.hash for one in events] == [hash for _, hash in sent]
    assert list(broken_links(events)) == []
    assert [(one.number, one.counter) for one in events] == [(1, 42), (2, 43), (3, 44), (4, 45)]
    assert events[0].said_at.endswith("+08:00")


async def test_the_time_that_is_said_has_any_zone(tab: "Page") -> None:
    """Half hours and the west too; an event without a zone would be refused."""
    found = await run(
        tab,
        "chain.js",
        """m => [-480, 210, -345, 0].map(offset => {
          const at = new Date(Date.UTC(2026, 4, 16, 1, 2, 3));
          at.getTimezoneOffset = () => offset;
          return m.saidAt(at);
        })""",
    )
    assert found == [
        "2026-05-16T09:02:03+08:00", "2026-05-15T21:32:03-03:30", "2026-05-16T06:47:03+05:45", "2026-05-16T01:02:03+00:00",
    ]  # fmt: skip


async def test_sheets_come_to_the_same_in_any_order(tab: "Page") -> None:
    random = Random("fold")
    chains = []
    for number in range(20):
        tablet = Tablet(UUID(int=number + 1))
        for candidate in range(3):
            sheet = SheetKey(sitting_id=UUID(int=candidate), assessor_id=UUID(int=7))
            tablet.score(sheet, random, sign=random.random() < 0.6)
            if random.random() < 0.3:
                tablet.write(Kind.RERUN, sheet, reason="断电")
            tablet.write(Kind.ANSWERED, sheet, row="a", value=None)
            if random.random() < 0.5:
                tablet.write(Kind.NOTED, sheet, text=f"{number}")
            tablet.write(Kind.EVIDENCE, sheet, sha256="ab" * 32, row="a", bytes=3)
            tablet.write(Kind.STOPPED, sheet, row="a", reason="护目镜")
            tablet.write(Kind.CORRECTED, replace(sheet, version=2), reason="看错")
        random.shuffle(tablet.events)
        chains.append(tablet.events)
    given = [[one.body for one in events] for events in chains]
    found = await run(tab, "chain.js", "(m, all) => all.map(one => [...m.fold(one).values()])", given)
    for events, sheets in zip(chains, found, strict=True):
        states = fold(events)
        assert len(states) == len(sheets) == 6
        for one in sheets:
            key = SheetKey(
                sitting_id=UUID(one["sitting"]), assessor_id=UUID(one["assessor"]), version=int(one["version"])
            )
            assert _told(one) == _state(states[key])


def _told(one: dict[str, Any]) -> Any:
    evidence = sorted((part["sha256"], part["row"]) for part in one["evidence"])
    return (
        one["answers"], one["overtime"], one["note"], evidence, one["stopped"], one["signed"] is not None, one["reason"]
    )  # fmt: skip


def _state(state: Any) -> Any:
    stopped = None if state.stopped is None else dict(state.stopped)
    return (
        dict(state.answers), state.overtime, state.note, list(state.evidence), stopped, state.signed is not None, state.reason
    )  # fmt: skip


async def test_gaps_are_the_same(tab: "Page") -> None:
    cases = [([], 0), ([], 3), ([1, 2], 2), ([2, 4, 4], 6), ([9], 3), ([1, 3], 3)]
    found = await run(tab, "chain.js", "(m, all) => all.map(([numbers, last]) => m.gaps(numbers, last))", cases)
    assert [[tuple(run) for run in one] for one in found] == [gaps(numbers, last) for numbers, last in cases]


async def test_slips_are_the_same(tab: "Page") -> None:
    random = Random("slips")
    cases: list[tuple[str, str, int, dict[str, Any], int | None]] = [("2026000000001", "B-7", 1, {}, None)]
    for _ in range(200):
        answers = {f"A{at}": random.choice((True, 3, "20.01", "")) for at in range(random.randrange(5))}
        cases.append((f"{random.randrange(10**13)}", f"K{random.randrange(999)}", random.randint(1, 3), answers, 3))
    found = await run(tab, "slip.js", "(m, all) => Promise.all(all.map(one => m.slip(...one)))", cases)
    assert found == [slip(*one) for one in cases]


async def test_a_reading_on_a_slip_has_its_shortest_spelling(tab: "Page") -> None:
    cases = [("20.010", "20.01"), ("20.", "20"), ("+7", "7"), ("007.50", "7.5"), ("0.5", "0.5"), ("-0.00", "0"), ("-0.20", "-0.2"),
             ("000", "0"), ("", ""), (True, True), (10, 10)]  # fmt: skip
    found = await run(tab, "slip.js", "(m, all) => all.map(m.shortest)", [one for one, _ in cases])
    assert found == [wanted for _, wanted in cases]


RICH: dict[str, Any] = json.loads(json.dumps(sheet_definition()))
RICH["sections"][0]["rows"].append(
    {"code": "A3", "kind": "judged", "name_zh": "纹理", "name_en": "Lay", "points": "7.5",
     "levels": [{"zh": "差", "en": "bad"}] * 4}
)  # fmt: skip
RICH["sections"][1]["gate"] = "3.34"
RICH["sections"][2]["rows"] += [
    {"code": "C4", "kind": "veto", "name_zh": "作弊", "name_en": "Cheating", "effect": "total"},
    {"code": "C5", "kind": "measured", "name_zh": "槽宽", "name_en": "Slot", "points": "6.5", "nominal": "-0.5",
     "tolerance": "0", "step": "0.003", "per_step": "0.77", "unit": "mm"},
    {"code": "C7", "kind": "veto", "name_zh": "受伤", "name_en": "Injury", "effect": "stop"},
    {"code": "C8", "kind": "global", "name_zh": "总体", "name_en": "Overall", "levels": [{"zh": "级", "en": "level"}] * 5,
     "points": "7"},
    {"code": "C9", "kind": "global", "name_zh": "总体", "name_en": "Overall", "levels": [{"zh": "级", "en": "level"}] * 3},
    {"code": "C6", "kind": "occurrence", "name_zh": "毛刺", "name_en": "Burrs", "points": "3", "each": "0.35"},
]  # fmt: skip


def _entry(row: Row, random: Random) -> Any:
    match row.kind:
        case RowKind.MEASURED:
            assert row.nominal is not None
            return str(row.nominal + Decimal(random.randint(-90, 90)) / 1000)
        case RowKind.JUDGED:
            return random.randrange(4)
        case RowKind.GLOBAL:
            return random.randrange(len(row.levels))
        case RowKind.OCCURRENCE:
            return random.randrange(12)
        case RowKind.VETO:
            return random.random() < 0.1
        case _:
            return random.random() < 0.8


def _answers(sheet: Sheet, random: Random) -> dict[str, Any]:
    return {row.code: _entry(row, random) for row in sheet.rows if random.random() < 0.95}


async def test_the_preview_is_the_servers_sum(tab: "Page") -> None:
    sheet, random = parse_sheet(RICH), Random("score")
    cases = [({}, None), *((_answers(sheet, random), random.choice((None, 0, 1, 4, 15))) for _ in range(400))]
    found = await run(
        tab,
        "score.js",
        "(m, [sheet, all]) => all.map(([answers, over]) => [m.score(sheet, answers, over), m.missing(sheet, answers, over)])",
        [RICH, cases],
    )
    seen = set()
    for (answers, overtime), (told, blank) in zip(cases, found, strict=True):
        entries = read_entries(sheet, answers)
        ours = score_sheet(sheet, entries, overtime)
        assert told["rows"] == {one.code: f"{one.earned:.2f}" for one in ours.rows}, answers
        assert told["sections"] == {
            one.code: {"counted": f"{one.counted:.2f}", "zeroedBy": one.zeroed_by} for one in ours.sections
        }
        assert (told["total"], told["stopped"], tuple(told["vetoes"])) == (
            f"{ours.total:.2f}",
            ours.stopped,
            ours.vetoes,
        )
        assert told["overtimeLost"] == f"{ours.overtime_lost:.2f}"
        assert blank == missing(sheet, entries, overtime), answers
        seen |= {one.zeroed_by for one in ours.sections}
    assert {"", "A", "B", "C2", "C3", "C4"} <= seen, "every way to zero a section was met"


async def test_typed_entries_are_kept_in_one_spelling_or_not_at_all(tab: "Page") -> None:
    rows = RICH["sections"]
    measured, judged, count, veto = rows[0]["rows"][0], rows[1]["rows"][0], rows[2]["rows"][0], rows[2]["rows"][1]
    cases = [
        (measured, " 20.050 ", "20.050"), (measured, "２０．０５", "20.05"), (measured, "2o", None), (measured, "", None),
        (measured, "1e3", None), (measured, "20,5", None), (measured, "-0.5", "-0.5"), (judged, "3", 3), (judged, "4", None),
        (judged, "-1", None), (count, "99", 99), (count, "100", None), (count, "1.5", None), (veto, "true", True),
        (veto, "false", False), (veto, "yes", None),
    ]  # fmt: skip
    given = [[row, typed] for row, typed, _ in cases]
    found = await run(tab, "score.js", "(m, all) => all.map(([row, typed]) => m.readEntry(row, typed) ?? null)", given)
    assert found == [kept for _, _, kept in cases]
    sheet = parse_sheet(RICH)
    for row, _, kept in cases:
        if kept is not None:
            assert read_entries(sheet, {row["code"]: kept})


async def test_the_code_on_a_slip_is_the_standard_one(tab: "Page") -> None:
    for text in ("KAOWU-SLIP:1:202600000001:B12:1:7K3M-9QXA-02TZ-*", "A", "0" * 90):
        found = await run(tab, "qr.js", "(m, text) => m.qr(text)", text)
        wanted = segno.make(text, version=4, error="m", mask=3, mode="alphanumeric", boost_error=False)
        assert found == [[bool(one) for one in row] for row in wanted.matrix], text
    refused = "m => ['a', '0'.repeat(91)].map(one => { try { m.qr(one); return 0; } catch { return 1; } })"
    assert await run(tab, "qr.js", refused) == [1, 1]
