"""The words of the timetable, as every page needs them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from exam.catalogue.rules import FORM_LABELS, LEVEL_LABELS
from exam.registration.rules import BATCH_STATUS_LABELS
from exam.sittings.rules import DUTY_LABELS
from scheduling.duties.rules import GAP_REASONS, GAP_WAYS_OUT
from scheduling.planning.rules.explaining import REASON_LABELS, WAYS_OUT
from scheduling.planning.rules.plan import KIND_LABELS
from scheduling.timetable.rules.lifecycle import PLAN_LABELS
from scheduling.timetable.rules.prints import PRINT_LABELS, PRINT_NOTES
from scheduling.timetable.rules.runs import RUN_KINDS, RUN_LABELS, RUN_TITLES, RUN_TONES, STAGE_LABELS

LABELS: Mapping[str, Any] = {
    "form_labels": FORM_LABELS,
    "level_labels": LEVEL_LABELS,
    "batch_labels": BATCH_STATUS_LABELS,
    "plan_labels": PLAN_LABELS,
    "duty_labels": DUTY_LABELS,
    "gap_reasons": GAP_REASONS,
    "gap_ways_out": GAP_WAYS_OUT,
    "print_labels": PRINT_LABELS,
    "print_notes": PRINT_NOTES,
    "run_labels": RUN_LABELS,
    "run_tones": RUN_TONES,
    "run_titles": RUN_TITLES,
    "run_kinds": RUN_KINDS,
    "stage_labels": STAGE_LABELS,
}

REASONS: Mapping[str, Any] = {"reason_labels": REASON_LABELS, "ways_out": WAYS_OUT, "kind_labels": KIND_LABELS}
"""The words of explanations."""
