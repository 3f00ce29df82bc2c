"""What is sent about a wish to leave the ledger."""

from __future__ import annotations

from typing import Literal

import msgspec


class DecisionForm(msgspec.Struct, kw_only=True):
    """What the second person decides."""

    decision: Literal["grant", "refuse"]
