"""What is sent to order a pack."""

from __future__ import annotations

from uuid import UUID

import msgspec


class PackForm(msgspec.Struct, kw_only=True):
    """A batch, of it one institution or all; or a print order."""

    owner: str = ""
    batch_id: UUID | None = None
    institution: str = ""
    order_id: UUID | None = None
    ended: bool = False
