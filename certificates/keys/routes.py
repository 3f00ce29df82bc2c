"""The page of signing keys: which sign, until when; report one as lost, confirm, withdraw."""

from __future__ import annotations

from typing import Any, Final

from litestar import Response, get, post
from litestar.params import FromPath

from certificates.keys import actions, queries
from certificates.keys.forms import ReportForm, WithdrawForm
from certificates.keys.rules.purposes import PURPOSE_LABELS, Purpose
from certificates.keys.rules.register import STATE_LABELS, STATE_TONES, KeyState, ReportState
from exam.accounts.guards import AppRequest, AppServices, actor_of, needs
from exam.accounts.rules import Permission
from exam.kernel.clock import CHINA
from exam.kernel.errors import N_
from exam.kernel.forms import parse_form
from exam.kernel.pages import page, redirect

HOME: Final = "/certificates/keys"
_BACKENDS: Final = {"file": N_("文件"), "pkcs11": N_("密码设备"), "remote": N_("远程签名服务")}


@get(HOME, guards=[needs(Permission.KEY_READ)])
async def index(request: AppRequest, services: AppServices) -> Response[Any]:
    """Show every key, the one that signs first."""
    actor, now = actor_of(request), services.clock.now()
    async with services.db.transaction() as session:
        found = await queries.keys(session)
    return page(
        request,
        "pages/certificates/keys/index.html",
        groups=[(one, [key for key in found if key.purpose is one]) for one in Purpose],
        at=now,
        state=KeyState,
        report=ReportState,
        labels=STATE_LABELS,
        tones=STATE_TONES,
        purposes=PURPOSE_LABELS,
        backends=_BACKENDS,
        may_manage=actor.may(Permission.KEY_MANAGE),
        account_id=actor.account_id,
        any_key=bool(found),
    )


@post(HOME + "/{name:str}/report", guards=[needs(Permission.KEY_MANAGE)], status_code=200)
async def report(request: AppRequest, services: AppServices, name: FromPath[str]) -> Response[Any]:
    """Report a key as lost, or confirm somebody else's report."""
    form = await parse_form(request, ReportForm)
    at = form.cut_off.replace(tzinfo=CHINA) if form.cut_off and not form.cut_off.tzinfo else form.cut_off
    async with services.db.transaction() as session:
        found = await actions.report(
            session, actor_of(request), name=name, cut_off=at, reason=form.reason, now=services.clock.now()
        )
    confirmed = found.report is not None and found.report.state is ReportState.CONFIRMED
    words = (
        N_("密钥“%(name)s”已确认失密，查验页开始显示失密时间。")
        if confirmed
        else N_("密钥“%(name)s”已暂停，不再签署；请尽快由另一人确认或撤回。")
    )
    return redirect(request, HOME, words, name=name)


@post(HOME + "/{name:str}/withdraw", guards=[needs(Permission.KEY_MANAGE)], status_code=200)
async def withdraw(request: AppRequest, services: AppServices, name: FromPath[str]) -> Response[Any]:
    """Take back somebody else's report that was a mistake."""
    form = await parse_form(request, WithdrawForm)
    async with services.db.transaction() as session:
        await actions.withdraw(session, actor_of(request), name=name, reason=form.reason, now=services.clock.now())
    return redirect(request, HOME, N_("报告已撤回，密钥“%(name)s”恢复使用。"), name=name)


ROUTES = [index, report, withdraw]
