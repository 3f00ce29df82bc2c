"""准考证 (document 1): one candidate, one page."""

from __future__ import annotations

from typing import Any

from exam.catalogue.rules import FORM_LABELS
from exam.kernel.errors import N_
from exam.kernel.filters import format_date, format_time
from exam.kernel.i18n import bilingual, translate
from exam.registration.rules import CHANNEL_LABELS, GENDER_LABELS, ID_TYPE_LABELS, MEASURE_LABELS, Measure
from scheduling.timetable.documents.paper import Press, Sheet, certificate_words, head, site_name
from scheduling.timetable.rules.prints import Ticket


def _measures(card: Ticket) -> str:
    """What is done for the candidate, as the candidate reads it (H16); empty for most."""
    words = [translate(MEASURE_LABELS[kind]) for kind in card.measures.kinds if kind is not Measure.EXTRA_TIME]
    longer = [
        translate(N_("%(part)s延长 %(minutes)s 分钟"), part=bilingual(part.component), minutes=part.granted_minutes)
        for part in card.parts
        if part.granted_minutes
    ]
    return "；".join([*longer, *words])


def ticket(card: Ticket, kind: Sheet, press: Press) -> dict[str, Any]:
    person, scheme = card.registration, card.scheme
    place = card.site
    return {
        "head": head(
            kind,
            press,
            card.ticket_no,
            card.ticket_no,
            batch=f"{bilingual(card.batch)}（{card.batch.code}）",
            certificate=certificate_words(scheme),
        ),
        "name": person.name,
        "gender": translate(GENDER_LABELS[person.gender]),
        "id_type": translate(ID_TYPE_LABELS[person.id_type]),
        "id_masked": person.id_masked,
        "ticket_no": card.ticket_no,
        "grouped_no": " ".join(card.ticket_no[start : start + 4] for start in range(0, len(card.ticket_no), 4)),
        "secret": card.secret,
        "institution": bilingual(person, "institution_name") or translate(CHANNEL_LABELS[person.channel]),
        "certificate": certificate_words(scheme),
        "organisation": bilingual(scheme, "organisation_name"),
        "photo": person.photo_sha256 or "",
        "sign_in_address": f"{press.base_url}/sign-in?kind=candidate&ticket={card.ticket_no}",
        "site_name": site_name(place),
        "site_address": bilingual(place, "address"),
        "route": bilingual(place, "route"),
        "parts": [
            {
                "component": bilingual(part.component),
                "form": translate(FORM_LABELS[part.component.form]),
                "date": format_date(part.starts_at),
                "time": f"{format_time(part.starts_at)}–{format_time(part.ends_at)}",
                "site": bilingual(part.site),
                "room": bilingual(part.room, "room_name"),
                "seat": f"{part.seat_no:02d}",
                "station": part.component.form.practical,
                "late": part.component.late_limit_minutes,
            }
            for part in card.parts
        ],
        "spared": "、".join(bilingual(component) for component in card.spared),
        "measures": _measures(card),
        "has_computer": any(part.component.form == "computer" for part in card.parts),
        "has_practical": any(part.component.form.practical for part in card.parts),
        "late_limits": "；".join(
            translate(N_("%(part)s开考 %(minutes)s 分钟后"), part=bilingual(part.component), minutes=limit)
            if (limit := part.component.late_limit_minutes)
            else translate(N_("%(part)s开考后"), part=bilingual(part.component))
            for part in card.parts
        ),
    }
