"""Identifiers: time-ordered UUIDs (RFC 9562, version 7) for rows, random tokens for links and secrets."""

import secrets
from base64 import b32encode
from uuid import UUID

from uuid_utils.compat import uuid7


def new_id() -> UUID:
    """Return a new UUID version 7: unique, and sorted by the time it was made."""
    return uuid7()


def id_of(text: str) -> UUID | None:
    """The id that an address or a form names, None where the text is none."""
    try:
        return UUID(text)
    except ValueError:
        return None


def token(bits: int = 128) -> str:
    """Return a random token of at least ``bits`` bits, safe in an address."""
    return secrets.token_urlsafe((bits + 7) // 8)


def spoken_secret(bits: int = 112) -> str:
    """Return a random secret a person can type: groups of four from an alphabet without 0/O, 1/I/L, U.

    Crockford's base 32 is used, so a misread O, I or L is repaired by :func:`normal_secret`.
    """
    raw = b32encode(secrets.token_bytes((bits + 7) // 8)).decode().rstrip("=")
    text = raw.translate(str.maketrans("ABCDEFGHIJKLMNOPQRSTUVWXYZ234567", "0123456789ABCDEFGHJKMNPQRSTVWXYZ"))
    return "-".join(text[i : i + 4] for i in range(0, len(text), 4))


def normal_secret(typed: str) -> str:
    """Bring a typed secret to its canonical letters: no spaces or dashes, upper case, O→0, I and L→1."""
    letters = "".join(character for character in typed.upper() if character.isalnum())
    return letters.translate(str.maketrans("OIL", "011"))
