"""Tables of the tablets."""

from scoring.tablets.models.devices import (
    TabletEventRow,
    TabletHandoutRow,
    TabletOddityRow,
    TabletPassRow,
    TabletRow,
)

__all__ = ["TabletEventRow", "TabletHandoutRow", "TabletOddityRow", "TabletPassRow", "TabletRow"]
