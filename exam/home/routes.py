"""The first page of everybody, and the style guide: look who asks, read that desk, show it."""

from typing import Annotated, Any

from litestar import Response, get
from litestar.params import QueryParameter

from certificates.issuing.rules.status import LABELS as CERTIFICATE_LABELS
from certificates.issuing.rules.status import TONES as CERTIFICATE_TONES
from exam.accounts.guards import AppRequest, AppServices, actor_of, needs, public
from exam.accounts.rules import ROLE_LABELS, Actor, Permission, Role
from exam.home import desks
from exam.home.search import search
from exam.home.stages import STAGES
from exam.home.ways import ways
from exam.kernel.clock import china_date
from exam.kernel.pages import page
from exam.kernel.services import Services
from exam.registration.rules import BATCH_STATUS_LABELS, REGISTRATION_STATUS_LABELS
from exam.sittings.rules import DUTY_LABELS, STATUS_LABELS
from scheduling.repairs import queries as repairs
from scheduling.sites import queries as sites
from scoring.outcomes.rules import DECISION_LABELS, DECISION_TONES

HOME = "pages/exam/home"
WATCH_DAYS = frozenset({Role.EXAM_OFFICER, Role.PROVINCE, Role.INSPECTOR})
WATCH_PLACES = WATCH_DAYS | {Role.UNIT}
ON_SITE = frozenset({Role.SITE_HEAD, Role.INVIGILATOR, Role.ASSESSOR})


@get("/", guards=[public])
async def first_page(request: AppRequest, services: AppServices) -> Response[Any]:
    """Show what needs the reader now; for the public, the verification."""
    actor = request.scope.get("user")
    if not isinstance(actor, Actor):
        return page(request, f"{HOME}/public.html")
    if Role.CANDIDATE in actor.roles:
        return await _candidate(request, services, actor)
    if actor.roles <= ON_SITE:
        return await _day(request, services, actor)
    return await _office(request, services, actor)


async def _candidate(request: AppRequest, services: Services, actor: Actor) -> Response[Any]:
    now = services.clock.now()
    async with services.db.transaction() as session:
        found = await ways(session, actor, now)
        changed = await repairs.needs(session, actor, now)
    return page(
        request,
        f"{HOME}/candidate.html",
        ways=found,
        changed=changed,
        at=now,
        decision_labels=DECISION_LABELS,
        sitting_labels=STATUS_LABELS,
        registration_labels=REGISTRATION_STATUS_LABELS,
    )


async def _day(request: AppRequest, services: Services, actor: Actor) -> Response[Any]:
    now = services.clock.now()
    async with services.db.transaction() as session:
        found = await desks.needs(session, actor, now)
        rooms = await desks.my_rooms(session, actor, now)
    return page(request, f"{HOME}/day.html", needs=found, rooms=rooms, duty_labels=DUTY_LABELS, at=now)


async def _office(request: AppRequest, services: Services, actor: Actor) -> Response[Any]:
    now = services.clock.now()
    async with services.db.transaction() as session:
        found = await desks.needs(session, actor, now)
        cards = await desks.cards(session, actor, now) if actor.may(Permission.BATCH_READ) else []
        coverage = await sites.coverage_view(session, china_date(now)) if actor.roles & WATCH_PLACES else None
        day = (
            await desks.today(session, actor, [card.batch for card in cards], now) if actor.roles & WATCH_DAYS else None
        )
        scores = (
            await desks.scores(session, actor)
            if actor.may(Permission.OUTCOME_PUBLISH) or actor.may(Permission.OUTCOME_VERIFY)
            else None
        )
        platform = await desks.platform(session, actor, now) if actor.may(Permission.PLATFORM_RUN) else None
    return page(
        request,
        f"{HOME}/office.html",
        needs=found,
        cards=cards,
        nearest=desks.nearest(cards, now),
        coverage=coverage,
        day=day,
        scores=scores,
        platform=platform,
        decision_labels=DECISION_LABELS,
        decision_tones=DECISION_TONES,
        stages=STAGES,
        status_labels=BATCH_STATUS_LABELS,
        role_labels=[ROLE_LABELS[role] for role in sorted(actor.roles)],
        may_search=actor.may(Permission.REGISTRATION_READ) or actor.may(Permission.CERTIFICATE_READ),
        institution=actor.may(Permission.ROSTER_IMPORT),
        at=now,
    )


@get("/search", guards=[needs(Permission.REGISTRATION_READ, Permission.CERTIFICATE_READ)])
async def search_page(
    request: AppRequest, services: AppServices, q: Annotated[str, QueryParameter(max_length=100)] = ""
) -> Response[Any]:
    """Find a person, a number or a site."""
    async with services.db.transaction() as session:
        found = await search(session, services.vault, actor_of(request), q)
    return page(
        request,
        f"{HOME}/search.html",
        q=q,
        found=found,
        registration_labels=REGISTRATION_STATUS_LABELS,
        certificate_labels=CERTIFICATE_LABELS,
        certificate_tones=CERTIFICATE_TONES,
    )


@get("/style-guide", guards=[public])
async def style_guide(request: AppRequest) -> Response[Any]:
    """Show every piece pages are made of."""
    return page(request, f"{HOME}/style_guide.html")


ROUTES = [first_page, search_page, style_guide]
