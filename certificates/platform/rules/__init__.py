"""The rules of registration on the platform: records and receipts, states and due dates, files, reconciliation."""

from certificates.platform.rules.records import (
    Deed,
    Known,
    PlatformRecord,
    Receipt,
    Submission,
    believed,
    record_digest,
    record_key,
    record_problems,
)
from certificates.platform.rules.status import (
    GOING,
    OPEN,
    PLATFORM_ALLOWED,
    PLATFORM_LABELS,
    PLATFORM_TONES,
    PLATFORM_WORKDAYS,
    THERE,
    TO_SEND,
    WAITING,
    PlatformMoveRefused,
    PlatformStatus,
    Urgency,
    due_date,
    next_try,
    platform_move,
    urgency,
    urgent_until,
)

__all__ = [
    "GOING", "OPEN", "PLATFORM_ALLOWED", "PLATFORM_LABELS", "PLATFORM_TONES", "PLATFORM_WORKDAYS", "THERE", "TO_SEND", "WAITING",
    "Deed", "Known", "PlatformMoveRefused", "PlatformRecord", "PlatformStatus", "Receipt", "Submission", "Urgency", "believed",
    "due_date", "next_try", "platform_move", "record_digest", "record_key", "record_problems", "urgency", "urgent_until",
]  # fmt: skip
