"""The words of the sites, as every page needs them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from exam.catalogue.rules import FORM_LABELS, LEVEL_LABELS
from scheduling.sites.rules import (
    COVERAGE_LABELS,
    PARTY_LABELS,
    STANDING_LABELS,
    STATUS_LABELS,
    STATUS_TONES,
    STEP_LABELS,
)
from scheduling.sites.rules.suggesting import GAP_LABELS, WORTH_KM

LABELS: Mapping[str, Any] = {
    "form_labels": FORM_LABELS,
    "level_labels": LEVEL_LABELS,
    "status_labels": STATUS_LABELS,
    "status_tones": STATUS_TONES,
    "standing_labels": STANDING_LABELS,
    "step_labels": STEP_LABELS,
    "party_labels": PARTY_LABELS,
    "coverage_labels": COVERAGE_LABELS,
    "gap_labels": GAP_LABELS,
    "worth_km": WORTH_KM,
    "shown_at_most": 20,
}
