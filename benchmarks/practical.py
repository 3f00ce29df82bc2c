"""What holds for practical scoring: ``python -m benchmarks.practical --case NAME --json`` (or ``--all``).

`double_marking`: every triple of whole marks from 0 to 20 and every tolerance from 0 to 5, against a written table
(tests/golden/double_marking.json) that shares no code with the rule. `orders`: the same day delivered in many ways (cut,
doubled, shuffled, two tablets on one sheet, a clock two hours wrong): every delivery must come to the same state; and on a
database three assessors offline where two are asked: every delivery must come to the same marks. `tablets`:
fifty tablets come back to the line after half an hour, over HTTP, on a durable PostgreSQL. `command`: the officer's page while 1,000 rooms and 5,000 devices report.
`kill`: server and PostgreSQL are killed -9 at random while tablets send through a bad line; nothing acknowledged may be lost.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta
from decimal import Decimal
from itertools import product
from pathlib import Path
from random import Random
from typing import Any, Final
from uuid import UUID

from benchmarks.command import command
from benchmarks.kill import KILLS, kill
from benchmarks.orders import marks_in_any_order
from benchmarks.tablets import tablets
from exam.catalogue.rules import Agreement
from scoring.marking.rules.agreeing import agree
from scoring.tablets.rules.events import Event, SheetKey
from scoring.tablets.rules.folding import fold, state_hash
from tests.scoring.tablets.world import Tablet, batches

TREE: Final = Path(__file__).resolve().parents[1]
SEED: Final = 1
MARKS: Final = 21
TOLERANCES: Final = 6
SCHEDULES: Final = 1000
Result = dict[str, Any]
Facts = Mapping[str, int]

CONDITIONS: Final[Mapping[str, Callable[[Facts], bool]]] = {
    "|a-b| <= t": lambda f: abs(f["a"] - f["b"]) <= f["t"],
    "|a-b| > t": lambda f: abs(f["a"] - f["b"]) > f["t"],
    "|a-c| > t": lambda f: abs(f["a"] - f["c"]) > f["t"],
    "|b-c| > t": lambda f: abs(f["b"] - f["c"]) > f["t"],
    "|a-c| < |b-c|": lambda f: abs(f["a"] - f["c"]) < abs(f["b"] - f["c"]),
    "|b-c| < |a-c|": lambda f: abs(f["b"] - f["c"]) < abs(f["a"] - f["c"]),
    "|a-c| = |b-c|": lambda f: abs(f["a"] - f["c"]) == abs(f["b"] - f["c"]),
    "a < b": lambda f: f["a"] < f["b"],
    "b < a": lambda f: f["b"] < f["a"],
}
"""How the table's words are read."""


def double_marking() -> Result:
    """The rule against the written table."""
    rows = json.loads((TREE / "tests" / "golden" / "double_marking.json").read_text())["rows"]
    cases = different = 0
    paths: dict[str, int] = {}
    for a, b, c, tolerance in product(range(MARKS), range(MARKS), range(MARKS), range(TOLERANCES)):
        facts = {"a": a, "b": b, "c": c, "t": tolerance}
        row = next(one for one in rows if all(CONDITIONS[word](facts) for word in one["when"]))
        of = row["mean_of"]
        value = Decimal(sum(facts[one] for one in of)) / len(of) if of else None
        rule = Agreement(tolerance=Decimal(tolerance), third=True)
        found = agree(rule, [Decimal(a), Decimal(b)])
        if found.path.value == "third":  # only then the third is asked
            found = agree(rule, [Decimal(one) for one in (a, b, c)])
        cases += 1
        different += (found.path.value, found.value) != (row["path"], value)
        paths[row["path"]] = paths.get(row["path"], 0) + 1
    return {"cases": cases, "different": different, "paths": paths}


def orders(schedules: int = SCHEDULES) -> Result:
    """One day, delivered in many ways."""
    day = _day(Random(SEED))
    wanted = state_hash(fold(day))
    different = 0
    for number in range(schedules):
        arrived = [event for batch in batches(day, Random(f"{SEED} {number}"), doubled=0.3) for event in batch]
        different += state_hash(fold(arrived)) != wanted
    return {"schedules": schedules, "events": len(day), "different": different, **marks_in_any_order()}


def _day(random: Random) -> list[Event]:
    """Three tablets of a session; the third has a clock two hours wrong and works on sheets of the first, too."""
    tablets = [Tablet(UUID(int=number), timedelta(hours=2 if number == 3 else 0)) for number in (1, 2, 3)]
    for number in range(12):
        sheet = SheetKey(sitting_id=UUID(int=100 + number), assessor_id=UUID(int=7 + number % 2))
        own = tablets[number % 2]
        own.score(sheet, random, sign=random.random() < 0.8)
        if random.random() < 0.5:
            if random.random() < 0.5:
                tablets[2].see(own.events)
            tablets[2].score(sheet, random, sign=random.random() < 0.5)
    return [event for tablet in tablets for event in tablet.events]


CASES: Final[Mapping[str, Callable[[], Result]]] = {
    "tablets": tablets,
    "orders": orders,
    "double_marking": double_marking,
    "command": command,
    "kill": kill,
}


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the cases that were asked for; one JSON object a line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--case", choices=sorted(CASES))
    parser.add_argument("--all", action="store_true")
    parser.add_argument(
        "--json", action="store_true", help="one JSON object per case and line (the default and only form)"
    )
    parser.add_argument("--kills", type=int, default=KILLS, help="how often server and PostgreSQL are killed")
    given = parser.parse_args(arguments)
    cases: dict[str, Callable[[], Result]] = {**CASES, "kill": lambda: kill(given.kills)}
    for name in CASES if given.all or not given.case else [given.case]:
        begun = time.perf_counter()
        result = cases[name]()
        print(json.dumps({"case": name, **result, "wall_seconds": round(time.perf_counter() - begun, 2)}), flush=True)


if __name__ == "__main__":
    main()
