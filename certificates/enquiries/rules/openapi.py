"""The interface for programs in OpenAPI's words (OpenAPI 3.1, JSON Schema 2020-12): exactly what is served, no more. Pure."""

from __future__ import annotations

from typing import Any, Final

from certificates.enquiries.rules.keys import PER_MINUTE, TEXT_LIMIT

PATH: Final = "/api/verify"
DOCUMENT: Final = "/api/openapi.json"
API_ROWS: Final = 200
BODY_LIMIT_BYTES: Final = 200_000

_TEXT: Final = {"type": "string"}
_BILINGUAL: Final = {
    "type": "object",
    "properties": {"zh": _TEXT, "en": _TEXT},
    "required": ["zh", "en"],
    "additionalProperties": False,
}
_ROW: Final = {
    "type": "object",
    "properties": {
        "number": {
            **_TEXT,
            "description": "Certificate number; spaces, dashes, small letters and full width do not matter.",
        },
        "name": {**_TEXT, "description": "Holder's name; spaces and points do not matter."},
    },
    "required": ["number", "name"],
    "additionalProperties": False,
}
_RESULT: Final = {
    "type": "object",
    "properties": {
        "number": {**_TEXT, "description": "As it was sent."},
        "verdict": {"enum": ["genuine", "revoked", "superseded", "unknown"]},
        "words": _BILINGUAL,
        "certificate": {
            "type": "object",
            "description": "Absent where the verdict is unknown.",
            "properties": {
                "number": _TEXT,
                "version": {"type": "integer", "minimum": 1},
                "name": _BILINGUAL,
                "level": _BILINGUAL,
                "issuer": _BILINGUAL,
                "issued_on": {"type": "string", "format": "date"},
                "ended_at": {"type": ["string", "null"], "format": "date-time"},
                "specimen": {"type": "boolean", "description": "True for certificates of a demonstration."},
            },
            "required": ["number", "version", "name", "level", "issuer", "issued_on", "ended_at", "specimen"],
            "additionalProperties": False,
        },
    },
    "required": ["number", "verdict", "words"],
    "additionalProperties": False,
}
_PROBLEM: Final = {
    "type": "object",
    "properties": {
        "type": _TEXT,
        "title": {**_TEXT, "description": "In the language of Accept-Language: Chinese unless it begins with en."},
        "detail": _TEXT,
        "status": {"type": "integer"},
        "code": {**_TEXT, "description": "Stable name of the refusal."},
        "messages": {**_BILINGUAL, "description": "The title in both languages."},
        "problems": {
            "type": "array",
            "items": {
                "type": "object",
                "properties": {
                    "row": {"type": ["integer", "null"], "description": "From 1, in the order of the request."},
                    "field": _TEXT,
                    "code": _TEXT,
                    "message": _TEXT,
                    "way_out": _TEXT,
                },
                "required": ["row", "field", "code", "message", "way_out"],
                "additionalProperties": False,
            },
        },
    },
    "required": ["type", "title", "detail", "status", "code", "messages", "problems"],
    "additionalProperties": False,
}
_LIMITS: Final = {
    "RateLimit-Limit": {"description": "Rows a day.", "schema": {"type": "integer"}},
    "RateLimit-Remaining": {"description": "Rows left today.", "schema": {"type": "integer"}},
    "RateLimit-Reset": {"description": "Seconds until midnight in China.", "schema": {"type": "integer"}},
}
REFUSALS: Final = {
    "401": "No key, or one that is unknown, ended or revoked.",
    "413": "The body is too large.",
    "415": "The body is not application/json.",
    "422": "The body does not fit; problems names row and field. Nothing was counted.",
    "429": f"The day's quota would be passed, or more than {PER_MINUTE} requests were made in a minute. Nothing was checked.",
    "503": "The register cannot be reached now.",
}


def document(base_url: str) -> dict[str, Any]:
    """The OpenAPI document of an installation."""
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Kaowu: verification of certificates",
            "version": "1",
            "description": "Checks vocational skill level certificates by number and name. Unknown and wrong are one answer.",
        },
        "servers": [{"url": base_url}],
        "security": [{"key": []}],
        "paths": {PATH: {"post": _operation()}},
        "components": {
            "securitySchemes": {"key": {"type": "http", "scheme": "bearer"}},
            "schemas": {"Row": _ROW, "Result": _RESULT, "Problem": _PROBLEM},
        },
    }


def _operation() -> dict[str, Any]:
    request = {
        "type": "object",
        "properties": {
            "certificates": {
                "type": "array",
                "items": {"$ref": "#/components/schemas/Row"},
                "minItems": 1,
                "maxItems": API_ROWS,
            },
            "reason": {
                **_TEXT,
                "maxLength": TEXT_LIMIT,
                "description": "Kept in the audit; no names. Default: the key's purpose.",
            },
        },
        "required": ["certificates"],
        "additionalProperties": False,
    }
    answer = {
        "type": "object",
        "properties": {
            "checked_at": {"type": "string", "format": "date-time"},
            "results": {"type": "array", "items": {"$ref": "#/components/schemas/Result"}},
        },
        "required": ["checked_at", "results"],
        "additionalProperties": False,
    }
    refusal = {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}}
    return {
        "operationId": "verify",
        "summary": "Check one certificate or many",
        "requestBody": {"required": True, "content": {"application/json": {"schema": request}}},
        "responses": {
            "200": {
                "description": "An answer for each row, in the order of the request.",
                "headers": _LIMITS,
                "content": {"application/json": {"schema": answer}},
            },
            **{status: {"description": words, "content": refusal} for status, words in REFUSALS.items()},
        },
    }
