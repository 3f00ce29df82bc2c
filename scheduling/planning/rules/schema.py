"""JSON Schema (2020-12) of the formats, made from the records that read them."""

from __future__ import annotations

import json
from typing import Any

import msgspec

from scheduling.planning.rules.approvals import Approvals
from scheduling.planning.rules.plan import Plan
from scheduling.planning.rules.problem import Problem
from scheduling.planning.rules.promises import FORMATS


def schema_of(kind: type[Problem] | type[Plan] | type[Approvals]) -> dict[str, Any]:
    """The schema of a format. What no type can say (known ids, no doubles) stands in :mod:`promises`."""
    made = msgspec.json.schema(kind)
    root = made["$defs"][kind.__name__]
    root["properties"]["format"] = {"const": FORMATS[kind]}
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", "$id": f"{FORMATS[kind]}.schema.json", **made}


def schema_text(kind: type[Problem] | type[Plan] | type[Approvals]) -> str:
    """The schema as a file."""
    return json.dumps(schema_of(kind), ensure_ascii=False, indent=1) + "\n"
