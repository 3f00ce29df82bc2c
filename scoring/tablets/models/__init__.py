"""Tables of the tablets."""

from scoring.tablets.models.badges import AssessorBadgeRow, TabletCodeRow, WrongCodeRow
from scoring.tablets.models.closings import RoomClosingRow, TabletEvidenceRow
from scoring.tablets.models.devices import (
    TabletEventRow,
    TabletHandoutRow,
    TabletOddityRow,
    TabletPassRow,
    TabletRow,
)
from scoring.tablets.models.paper import KeyedSheetRow, TabletImportRow
from scoring.tablets.models.settlements import TabletSettlementRow

__all__ = [
    "AssessorBadgeRow",
    "KeyedSheetRow",
    "RoomClosingRow",
    "TabletCodeRow",
    "TabletEventRow",
    "TabletEvidenceRow",
    "TabletHandoutRow",
    "TabletImportRow",
    "TabletOddityRow",
    "TabletPassRow",
    "TabletRow",
    "TabletSettlementRow",
    "WrongCodeRow",
]
