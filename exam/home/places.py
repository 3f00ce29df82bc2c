"""The bar: which places an actor's permissions open, in the order of a batch's life."""

from dataclasses import dataclass

from exam.accounts.rules import Actor, Permission
from exam.kernel.errors import N_

_P = Permission


@dataclass(frozen=True)
class Place:
    """One entry of the bar: shown to whoever holds one of the permissions, lit under any of its addresses."""

    label: str  # msgid
    href: str
    permissions: frozenset[Permission]
    under: tuple[str, ...]


def _place(label: str, href: str, *permissions: Permission, under: tuple[str, ...] = ()) -> Place:
    return Place(label, href, frozenset(permissions), under or (href,))


PLACES = (
    _place(N_("批次与报名"), "/exam/registration/batches", _P.BATCH_READ, under=("/exam/registration",)),
    _place(N_("证书与方案"), "/exam/catalogue", _P.CATALOGUE_READ),
    _place(N_("题库与试卷"), "/exam/papers", _P.ITEM_WRITE),
    _place(N_("站点"), "/scheduling/sites", _P.SITE_READ, under=("/scheduling/sites", "/scheduling/coverage")),
    _place(
        N_("排考"),
        "/scheduling/plans",
        _P.PLAN_READ,
        under=("/scheduling/plans", "/scheduling/examiners", "/scheduling/workload"),
    ),
    _place(
        N_("考场"),
        "/exam/sittings",
        _P.ROOM_RUN,
        _P.SITE_RUN,
        _P.INCIDENT_DECIDE,
        under=("/exam/sittings", "/exam/faults", "/exam/signals"),
    ),
    _place(
        N_("指挥中心"),
        "/exam/command",
        _P.PLAN_MANAGE,
        _P.SITE_RUN,
        _P.SITE_FILE,
        under=("/exam/command", "/exam/rehearsal"),
    ),
    _place(N_("站点平板"), "/scoring/tablets", _P.SITE_RUN),
    _place(
        N_("评分表"),
        "/scoring/marking/stations",
        _P.SHEET_SCORE,
        under=("/scoring/marking/stations", "/scoring/tablets/badge"),
    ),
    _place(N_("登分与复核"), "/scoring/marking", _P.MARK_ENTER, _P.MARK_VERIFY),
    _place(N_("结果"), "/scoring/outcomes", _P.OUTCOME_READ),
    _place(N_("成绩复核"), "/scoring/reviews", _P.OUTCOME_PUBLISH, _P.MARK_VERIFY),
    _place(N_("证书"), "/certificates", _P.CERTIFICATE_READ),
    _place(N_("审计"), "/exam/accounts/audit", _P.AUDIT_READ),
    _place(N_("我的报名"), "/exam/registration/mine", _P.OWN_READ),
    _place(N_("我的考试"), "/exam/sittings/mine", _P.EXAM_SIT, under=("/exam/sittings/mine", "/exam/delivery")),
    _place(
        N_("我的成绩"),
        "/scoring/outcomes/mine",
        _P.OWN_READ,
        under=("/scoring/outcomes/mine", "/scoring/reviews/mine"),
    ),
    _place(N_("我的证书"), "/certificates/mine", _P.OWN_READ),
)


def navigation(actor: Actor | None, path: str) -> list[tuple[str, str, bool]]:
    """Return the places an actor's bar leads to: words, address, whether the reader is there."""
    if actor is None:
        return []
    open_to = [place for place in PLACES if any(actor.may(permission) for permission in place.permissions)]
    lit = max(
        ((len(start), place) for place in open_to for start in place.under if _under(path, start)),
        key=lambda found: found[0],
        default=(0, None),
    )[1]
    return [(N_("首页"), "/", path == "/"), *((place.label, place.href, place is lit) for place in open_to)]


def _under(path: str, start: str) -> bool:
    return path == start or path.startswith(start + "/")
