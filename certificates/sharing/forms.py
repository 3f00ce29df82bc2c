"""What a holder sends to make a share code."""

from __future__ import annotations

import msgspec


class ShareForm(msgspec.Struct, kw_only=True):
    """How long it holds and what it shows."""

    days: int
    name: bool = False
    photo: bool = False
    label: str = ""
