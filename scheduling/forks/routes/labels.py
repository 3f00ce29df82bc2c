"""The words of what-ifs, as every page needs them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from exam.catalogue.rules import FORM_LABELS, LEVEL_LABELS
from scheduling.forks.rules.comparing import VERDICT_LABELS, VERDICT_TONES
from scheduling.forks.rules.records import STATUS_LABELS
from scheduling.forks.rules.wishes import VARIANT_LABELS
from scheduling.timetable.rules.lifecycle import PLAN_LABELS
from scheduling.timetable.rules.runs import RUN_LABELS, RUN_TONES

LABELS: Mapping[str, Any] = {
    "form_labels": FORM_LABELS,
    "level_labels": LEVEL_LABELS,
    "plan_labels": PLAN_LABELS,
    "run_labels": RUN_LABELS,
    "run_tones": RUN_TONES,
    "variant_labels": VARIANT_LABELS,
    "verdict_labels": VERDICT_LABELS,
    "verdict_tones": VERDICT_TONES,
    "proof_labels": STATUS_LABELS,
}
