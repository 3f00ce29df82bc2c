"""What the platform pages send."""

from __future__ import annotations

import msgspec

from certificates.platform.rules import PlatformStatus, Urgency

STATUS_FILTERS: dict[str, PlatformStatus] = {status.value: status for status in PlatformStatus}
URGENCY_FILTERS: dict[str, Urgency] = {
    "warning": Urgency.WARNING, "alarm": Urgency.ALARM, "overdue": Urgency.OVERDUE,
}  # fmt: skip


class FileForm(msgspec.Struct, kw_only=True):
    """Why a batch file is made: it carries full ID numbers."""

    reason: str
