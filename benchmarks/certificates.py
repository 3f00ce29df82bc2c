"""What holds for certificates: ``python -m benchmarks.certificates --case NAME --json`` (or ``--all``); one module a case."""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from benchmarks.certificate_crash import crash
from benchmarks.certificate_draw import draw, pictures
from benchmarks.certificate_hosts import hosts
from benchmarks.certificate_issue import issue
from benchmarks.certificate_platform import platform
from benchmarks.certificate_tamper import tamper
from benchmarks.certificate_verify import download, verify

Result = dict[str, Any]

CASES: Final[Mapping[str, Callable[[], Result]]] = {
    "draw": draw,
    "pictures": pictures,
    "issue": issue,
    "crash": crash,
    "hosts": hosts,
    "platform": platform,
    "tamper": tamper,
    "verify": verify,
    "download": download,
}


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the cases that were asked for; one JSON object a line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--case", choices=sorted(CASES))
    parser.add_argument("--all", action="store_true")
    parser.add_argument(
        "--json", action="store_true", help="one JSON object per case and line (the default and only form)"
    )
    given = parser.parse_args(arguments)
    for name in CASES if given.all or not given.case else [given.case]:
        begun = time.perf_counter()
        result = CASES[name]()
        print(json.dumps({"case": name, **result, "wall_seconds": round(time.perf_counter() - begun, 2)}), flush=True)


if __name__ == "__main__":
    main()
