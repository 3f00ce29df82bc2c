"""What the item bank's pages send."""

from __future__ import annotations

from uuid import UUID

import msgspec

from exam.catalogue.rules import Level


class ItemsForm(msgspec.Struct):
    """Items as text, for one certificate and level; an uploaded file takes the text's place."""

    certificate_id: UUID
    level: Level
    items: str = ""


class AssembleForm(msgspec.Struct):
    """Drawing the paper versions of one component."""

    component_id: UUID
    versions: int = 2
    seed: int | None = None
