"""As much of JSON Schema 2020-12 as the interface's own document uses; an unknown keyword fails, so that nothing is passed over."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

_TYPES = {
    "string": str, "integer": int, "boolean": bool, "array": list, "object": dict, "null": type(None),
}  # fmt: skip
_NOTED = {"description", "format"}


def faults(value: Any, schema: Mapping[str, Any], document: Mapping[str, Any], at: str = "$") -> list[str]:
    """Where a value does not fit a schema."""
    if "$ref" in schema:
        found: Any = document
        for part in schema["$ref"].removeprefix("#/").split("/"):
            found = found[part]
        return faults(value, found, document, at)
    wrong = []
    for keyword, wanted in schema.items():
        match keyword:
            case "type":
                kinds = [_TYPES[one] for one in ([wanted] if isinstance(wanted, str) else wanted)]
                if not any(isinstance(value, kind) and (kind is bool or (value is not True and value is not False)) for kind in kinds):  # fmt: skip
                    return [f"{at}: no {wanted}"]
            case "enum":
                wrong += [] if value in wanted else [f"{at}: {value!r}"]
            case "properties":
                for name in sorted(set(wanted) & set(value)):
                    wrong += faults(value[name], wanted[name], document, f"{at}.{name}")
            case "required":
                wrong += [f"{at}: without {name}" for name in wanted if name not in value]
            case "additionalProperties":
                wrong += [f"{at}: also {name}" for name in sorted(set(value) - set(schema["properties"]))]
            case "items":
                for place, one in enumerate(value):
                    wrong += faults(one, wanted, document, f"{at}[{place}]")
            case "minItems" | "maxItems":
                short = len(value) < wanted if keyword == "minItems" else len(value) > wanted
                wrong += [f"{at}: {len(value)} items"] if short else []
            case "maxLength":
                wrong += [f"{at}: too long"] if len(value) > wanted else []
            case "minimum":
                wrong += [f"{at}: too small"] if value < wanted else []
            case _:
                assert keyword in _NOTED, keyword
    return wrong
