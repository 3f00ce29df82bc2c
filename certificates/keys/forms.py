"""What is sent about a lost key."""

from __future__ import annotations

from datetime import datetime

import msgspec


class ReportForm(msgspec.Struct, kw_only=True):
    """From when on a key may have been lost (China time where no offset is given), and why; the second person needs neither."""

    cut_off: datetime | None = None
    reason: str = ""


class WithdrawForm(msgspec.Struct, kw_only=True):
    """Why a report was a mistake."""

    reason: str
