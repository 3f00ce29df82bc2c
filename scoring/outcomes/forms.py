"""What the pages of outcomes send."""

from __future__ import annotations

import msgspec


class ComputeForm(msgspec.Struct, kw_only=True):
    """Why published outcomes are computed anew; empty for the ordinary run."""

    reason: str = ""
