"""What the platform page sends."""

from __future__ import annotations

import msgspec

from certificates.platform.rules import PlatformStatus, Urgency

STATUS_FILTERS: dict[str, PlatformStatus] = {status.value: status for status in PlatformStatus}
URGENCY_FILTERS: dict[str, Urgency] = {"soon": Urgency.SOON, "overdue": Urgency.OVERDUE}


class ExportForm(msgspec.Struct, kw_only=True):
    """Which batch to export, and why: the list carries full ID numbers."""

    reason: str
    batch: str = ""
