"""Pages of accommodations (H16): asked for on the registration's page or the candidate's own, decided by the exam officer.

Reason and evidence are shown to whoever decides and to the candidate; the institution sees what was asked and what became of it.
"""

from typing import Any
from uuid import UUID

from litestar import Response, get, post
from litestar.params import FromPath

from exam.accounts.guards import AppRequest, AppServices, actor_of, needs
from exam.accounts.rules import Actor, Permission
from exam.catalogue import queries as catalogue
from exam.kernel.errors import N_, Forbidden
from exam.kernel.forms import parse_form
from exam.kernel.pages import page, redirect
from exam.registration import actions, queries
from exam.registration.forms import AccommodationForm, DecisionForm, ReasonForm
from exam.registration.routes.shown import own_institutions, sees_batch
from exam.registration.rules.accommodations import (
    ACCOMMODATION_STATUS_LABELS,
    ACCOMMODATION_TONES,
    MEASURE_LABELS,
    AccommodationStatus,
)
from exam.registration.rules.status import RegistrationStatus

_P = Permission
_WAYS = (_P.ROSTER_IMPORT, _P.OWN_READ, _P.EXEMPTION_DECIDE)


@post(
    "/exam/registration/registrations/{registration_id:uuid}/accommodations",
    guards=[needs(_P.ROSTER_IMPORT, _P.OWN_READ)],
    status_code=200,
)
async def ask(request: AppRequest, services: AppServices, registration_id: FromPath[UUID]) -> Response[Any]:
    """Ask for measures, with reason and evidence."""
    form = await parse_form(request, AccommodationForm)
    actor = actor_of(request)
    async with services.db.transaction() as session:
        await actions.ask_accommodation(
            session, actor, services.vault, registration_id=registration_id, measures=form.measures(),
            reason=form.reason, evidence=form.evidence, now=services.clock.now(),
        )  # fmt: skip
    return redirect(request, _back(actor, registration_id), N_("便利措施申请已提交，等待考务管理员决定。"))


@post(
    "/exam/registration/accommodations/{accommodation_id:uuid}/decide",
    guards=[needs(_P.EXEMPTION_DECIDE)],
    status_code=200,
)
async def decide(request: AppRequest, services: AppServices, accommodation_id: FromPath[UUID]) -> Response[Any]:
    """Grant, perhaps other measures than were asked for, or refuse."""
    form = await parse_form(request, DecisionForm)
    grant = form.decision == "grant"
    async with services.db.transaction() as session:
        done = await actions.decide_accommodation(
            session, actor_of(request), services.vault, accommodation_id=accommodation_id, grant=grant,
            reason=form.reason, measures=form.measures() if grant else None, now=services.clock.now(),
        )  # fmt: skip
        one = await queries.registration(session, done.registration_id)
    if grant and one.status is RegistrationStatus.SEATED:
        said = N_("已批准。座位已经公布：请到“排考”中本批次的“补报考生或便利措施变更”重新安排这名考生。")
    else:
        said = N_("已批准便利措施，编排时按此安排。") if grant else N_("已记录：未批准便利措施。")
    return redirect(request, _page(done.registration_id), said)


@post("/exam/registration/accommodations/{accommodation_id:uuid}/withdraw", guards=[needs(*_WAYS)], status_code=200)
async def withdraw(request: AppRequest, services: AppServices, accommodation_id: FromPath[UUID]) -> Response[Any]:
    """Withdraw a request, or what was granted, with the reason."""
    form = await parse_form(request, ReasonForm)
    actor = actor_of(request)
    async with services.db.transaction() as session:
        done = await actions.withdraw_accommodation(
            session, actor, services.vault, accommodation_id=accommodation_id, reason=form.reason,
            now=services.clock.now(),
        )  # fmt: skip
    return redirect(request, _back(actor, done.registration_id), N_("便利措施申请已撤回。"))


@get("/exam/registration/batches/{batch_id:uuid}/accommodations", guards=[needs(_P.EXEMPTION_DECIDE, _P.ROSTER_IMPORT)])
async def accommodation_list(request: AppRequest, services: AppServices, batch_id: FromPath[UUID]) -> Response[Any]:
    """Show the requests of a batch: to the officer all, to an institution its own; who waits first."""
    actor = actor_of(request)
    async with services.db.transaction() as session:
        batch = await queries.batch(session, batch_id)
        officer = sees_batch(actor, _P.EXEMPTION_DECIDE, batch)
        own = own_institutions(actor)
        if not officer and not own:
            raise Forbidden
        if officer:
            found = await queries.accommodations_of(session, batch_id)
        else:
            found = [one for id in own for one in await queries.accommodations_of(session, batch_id, institution_id=id)]
        people = {
            one.id: one for one in await queries.registrations(session, ids={one.registration_id for one in found})
        }
        certificates = {one.id: one for one in await catalogue.certificates(session)}
    waiting = sum(one.status is AccommodationStatus.ASKED for one in found)
    granted = sum(one.status is AccommodationStatus.GRANTED for one in found)
    return page(
        request, "pages/exam/registration/accommodations.html", batch=batch, found=found, people=people,
        certificates=certificates, waiting=waiting, granted=granted, officer=officer, **words(),
    )  # fmt: skip


def words() -> dict[str, Any]:
    """The labels that every page with accommodations needs."""
    return {
        "measure_labels": MEASURE_LABELS,
        "accommodation_labels": ACCOMMODATION_STATUS_LABELS,
        "accommodation_tones": ACCOMMODATION_TONES,
    }


def _page(registration_id: UUID) -> str:
    return f"/exam/registration/registrations/{registration_id}"


def _back(actor: Actor, registration_id: UUID) -> str:
    return _page(registration_id) if actor.may(_P.REGISTRATION_READ) else "/exam/registration/mine"


ROUTES = [ask, decide, withdraw, accommodation_list]
