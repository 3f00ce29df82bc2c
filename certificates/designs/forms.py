"""What the certificate officer sends about designs."""

from __future__ import annotations

import re
from uuid import UUID

import msgspec

from certificates.designs.rules.records import Source
from exam.kernel.errors import N_, Invalid, Problem

_FOUR = re.compile(r"[-+]?\d+(?:\.\d+)?")


class BeginForm(msgspec.Struct, kw_only=True):
    """A new version: for whom, begun from which."""

    title: str
    organisation_id: UUID | None = None
    based_on: str = ""


class SourceForm(msgspec.Struct, kw_only=True):
    """What the editor sends; `revision` is what was open."""

    html: str = ""
    style: str = ""
    seal: str = ""
    revision: int = 0
    dummy: str = "usual"

    @property
    def source(self) -> Source:
        """The three parts; raises `Invalid` when the seal's box is not four numbers."""
        found = [float(one) for one in _FOUR.findall(self.seal)]
        if len(found) != 4:
            raise Invalid(
                problems=[
                    Problem(
                        field="seal",
                        code="seal",
                        message=N_("签章位置要写四个数。"),
                        way_out=N_("四个数依次是左、下、右、上，从纸张左下角量起，例如 214 21 254 61。"),
                    )
                ]
            )
        left, low, right, high = found
        return Source(html=_lines(self.html), style=_lines(self.style), seal_mm=(left, low, right, high))


class ReturnForm(msgspec.Struct, kw_only=True):
    """Why a design goes back to its author, or is put aside."""

    reason: str


def _lines(text: str) -> str:
    """Browsers send CR LF; lines end with LF here, and the last one too."""
    return "\n".join(text.replace("\r\n", "\n").replace("\r", "\n").rstrip().split("\n")) + "\n"
