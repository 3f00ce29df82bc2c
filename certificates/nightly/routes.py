"""What the nightly check found, for officers and the auditor; and to have everything read now."""

from __future__ import annotations

from typing import Any, Final

from litestar import Response, get, post

from certificates.nightly import actions, queries
from certificates.nightly.actions import NIGHTLY_JOB
from certificates.nightly.rules import LATE, NIGHTS, WHOLE_MOST, WORDS
from exam.accounts.guards import AppRequest, AppServices, actor_of, needs
from exam.accounts.rules import Permission
from exam.kernel import jobs
from exam.kernel.errors import N_
from exam.kernel.pages import page, redirect

HOME: Final = "/certificates/nightly"
_RUNS: Final = 30
_SHOWN: Final = 100
_WRONG_MOST: Final = 10_000


@get(HOME, guards=[needs(Permission.CERTIFICATE_ISSUE, Permission.AUDIT_READ)])
async def index(request: AppRequest, services: AppServices) -> Response[Any]:
    """Show the last run, what it read, what it found, and the runs before it."""
    actor, now = actor_of(request), services.clock.now()
    async with services.db.transaction() as session:
        runs = await queries.checks(session, limit=_RUNS)
        stands = await queries.standing(session)
        wrong = await queries.wrong(session, actor, limit=_WRONG_MOST)
        waiting = await jobs.promised(session, NIGHTLY_JOB)
    last = next((one for one in runs if one.ended_at is not None), None)
    return page(
        request,
        "pages/certificates/nightly/index.html",
        runs=runs,
        last=last,
        running=next((one for one in runs if one.ended_at is None), None),
        late=last is not None and last.ended_at is not None and now - last.ended_at > LATE,
        stands=stands,
        wrong=wrong,
        shown=_SHOWN,
        elsewhere=max(0, stands.wrong - len(wrong)),
        words=WORDS,
        nights=NIGHTS,
        whole_most=WHOLE_MOST,
        waiting=waiting,
        may_run=actor.may(Permission.CERTIFICATE_ISSUE),
    )


@post(HOME, guards=[needs(Permission.CERTIFICATE_ISSUE)], status_code=200)
async def run_now(request: AppRequest, services: AppServices) -> Response[Any]:
    """Have every stored certificate read now, in the background."""
    async with services.db.transaction() as session:
        fresh = await actions.ask(session, actor_of(request))
    words = N_("已经开始逐份核查，完成后结果显示在这里。") if fresh else N_("核查已在排队，稍后开始。")
    return redirect(request, HOME, words)


ROUTES = [index, run_now]
