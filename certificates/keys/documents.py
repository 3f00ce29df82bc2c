"""The printed record of a key ceremony: who was there, what was made, the hash of everything, lines to sign on."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime
from hashlib import sha256
from pathlib import Path
from typing import Any, Final

from certificates.keys.rules.purposes import PURPOSE_LABELS, Purpose
from exam.kernel.errors import N_
from exam.kernel.filters import format_datetime
from exam.kernel.i18n import translate
from exam.kernel.pdf import CONFORMING, draw_pdf
from exam.kernel.printing import PrintHead, render_print

_STEPS: Final = {
    "authority": N_("制作签发机构的密钥和根证书"),
    "key": N_("制作密钥"),
    "certificate": N_("签发证书并试签"),
    "request": N_("制作证书申请"),
}


def ceremony_record(log: bytes, *, now: datetime, home: Path) -> bytes:
    """The record as PDF, from the log's own bytes."""
    said: dict[str, Any] = json.loads(log)
    head = PrintHead(
        title=translate(N_("密钥仪式记录")), document_id=f"KY:{sha256(log).hexdigest()[:16]}",
        number=f"KY-{said['began_at'][:10].replace('-', '')}", printed_at=now,
        printed_by=str(said["operator"]),
    )  # fmt: skip
    html = render_print(
        "key_ceremony", head=head, organisation=said["organisation"], operator=said["operator"],
        witnesses=said["witnesses"], place=said["place"], began=format_datetime(datetime.fromisoformat(said["began_at"])),
        steps=[_line(one) for one in said["steps"]], files=sorted(said["files"].items()),
        software=sorted(said["software"].items()), log_sha256=sha256(log).hexdigest(),
    )  # fmt: skip
    return draw_pdf(html, variant=CONFORMING, home=home)


def _line(step: Mapping[str, Any]) -> dict[str, Any]:
    facts = dict(step["facts"])
    purpose = facts.pop("purpose", "")
    name = facts.pop("name", "")
    return {
        "at": format_datetime(datetime.fromisoformat(step["at"])),
        "what": translate(_STEPS[step["what"]]),
        "name": name,
        "purpose": translate(PURPOSE_LABELS[Purpose(purpose)]) if purpose else "",
        "facts": sorted(facts.items()),
    }
