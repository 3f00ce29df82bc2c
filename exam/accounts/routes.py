"""Pages of signing in and out, of one's own account, and the language switch."""

import json
from typing import Annotated, Any
from uuid import UUID

from litestar import Response, get, post
from litestar.datastructures import Cookie
from litestar.params import FromPath, FromQuery, QueryParameter

from exam.accounts import actions, queries
from exam.accounts.forms import PasswordForm, SignInForm
from exam.accounts.guards import SESSION_COOKIE, AppRequest, AppServices, actor_of, needs, public, signed_in
from exam.accounts.rules import ROLE_LABELS, SESSION_LIFE, Permission
from exam.kernel import audit
from exam.kernel.errors import N_, Invalid, Refusal
from exam.kernel.forms import parse_form
from exam.kernel.i18n import choose_locale
from exam.kernel.pages import LANGUAGE_COOKIE, page, redirect, status_of
from exam.kernel.services import Services

SIGN_IN = "pages/exam/accounts/sign_in.html"
Next = Annotated[str, QueryParameter(name="next", max_length=2000)]
Kind = Annotated[str, QueryParameter(max_length=20)]
Ticket = Annotated[str, QueryParameter(max_length=40)]


@get("/sign-in", guards=[public])
async def sign_in_page(
    request: AppRequest, services: AppServices, go_to: Next = "/", kind: Kind = "staff", ticket: Ticket = ""
) -> Response[Any]:
    """Show the two ways in: staff by password, candidates by ticket."""
    form = SignInForm(login=ticket, secret="", kind="candidate" if ticket else kind, next=_local(go_to))
    return _sign_in_page(request, services, form)


@post("/sign-in", guards=[public], status_code=200)
async def sign_in(request: AppRequest, services: AppServices) -> Response[Any]:
    """Sign in; a failure shows the form again with what was typed, except the secret."""
    try:
        form = await parse_form(request, SignInForm)
    except Invalid as refusal:
        sent = await request.form()
        kept = SignInForm(login=str(sent.get("login", "")), secret="", kind=str(sent.get("kind", "staff")))
        return _sign_in_page(request, services, kept, refusal)
    try:
        async with services.db.transaction() as session:
            opened = await actions.sign_in(
                session,
                services.vault,
                login=form.login,
                secret=form.secret,
                old_token=request.cookies.get(SESSION_COOKIE),
                now=services.clock.now(),
            )
    except Refusal as refusal:
        return _sign_in_page(request, services, form, refusal)
    if opened is None:
        return _sign_in_page(request, services, form, actions.WrongSignIn())
    response: Response[Any] = redirect(request, _local(form.next))
    response.set_cookie(session_cookie(services, opened[1], int(SESSION_LIFE.total_seconds())))
    return response


@post("/sign-out", guards=[signed_in], status_code=200)
async def sign_out(request: AppRequest, services: AppServices) -> Response[Any]:
    """Forget the session here and on the server."""
    async with services.db.transaction() as session:
        await actions.sign_out(session, token=request.cookies.get(SESSION_COOKIE, ""))
    response: Response[Any] = redirect(request, "/sign-in", N_("您已退出。"))
    response.set_cookie(session_cookie(services, "", 0))
    return response


@get("/exam/accounts/me", guards=[signed_in])
async def account_page(request: AppRequest) -> Response[Any]:
    """Show who is signed in, with which roles."""
    return _account_page(request, None)


@post("/exam/accounts/me/password", guards=[signed_in], status_code=200)
async def change_password(request: AppRequest, services: AppServices) -> Response[Any]:
    """Replace one's own password; every session of the account ends."""
    try:
        form = await parse_form(request, PasswordForm)
        async with services.db.transaction() as session:
            await actions.change_password(
                session, actor_of(request), old=form.old, new=form.new, now=services.clock.now()
            )
    except Invalid as refusal:
        return _account_page(request, refusal)
    return redirect(request, "/sign-in", N_("密码已更换，请用新密码登录。"))


@get("/language/{tag:str}", guards=[public])
async def language(
    request: AppRequest, tag: FromPath[str], back: Annotated[str, QueryParameter(max_length=2000)] = "/"
) -> Response[Any]:
    """Switch the language and go back to the page."""
    response: Response[Any] = redirect(request, _local(back))
    chosen = choose_locale(tag)
    response.set_cookie(
        Cookie(LANGUAGE_COOKIE, value=chosen, path="/", max_age=365 * 86400, httponly=True, samesite="lax")
    )
    return response


@get("/exam/accounts/audit", guards=[needs(Permission.AUDIT_READ)])
async def audit_page(
    request: AppRequest,
    services: AppServices,
    stream: Annotated[str, QueryParameter(max_length=200)] = "",
    action: Annotated[str, QueryParameter(max_length=200)] = "",
    subject: FromQuery[UUID | None] = None,
    verify: FromQuery[bool] = False,
    number: Annotated[int, QueryParameter(name="page", ge=1, le=100_000)] = 1,
) -> Response[Any]:
    """Show who changed what and when, newest first; where asked, whether every chain is whole."""
    async with services.db.transaction() as session:
        changes = await queries.history(session, stream=stream, action=action, subject_id=subject, page=number)
        breaks = await audit.verify(session) if verify else None
    return page(
        request,
        "pages/exam/accounts/audit.html",
        changes=changes[: queries.HISTORY_PAGE],
        more=len(changes) > queries.HISTORY_PAGE,
        number=number,
        stream=stream,
        action=action,
        breaks=breaks,
    )


def _sign_in_page(
    request: AppRequest, services: Services, form: SignInForm, refusal: Refusal | None = None
) -> Response[Any]:
    status = status_of(refusal) if refusal else 200
    return page(request, SIGN_IN, status=status, form=form, refusal=refusal, demo_accounts=_demo_accounts(services))


def _account_page(request: AppRequest, refusal: Refusal | None) -> Response[Any]:
    return page(
        request,
        "pages/exam/accounts/account.html",
        status=status_of(refusal) if refusal else 200,
        account=actor_of(request),
        role_labels=ROLE_LABELS,
        refusal=refusal,
    )


def _demo_accounts(services: Services) -> list[dict[str, str]]:
    """Return the sign-ins of a demo installation, which says on its page that it is one."""
    path = services.settings.home / "demo.json"
    return json.loads(path.read_text(encoding="utf-8"))["accounts"] if path.exists() else []


def session_cookie(services: Services, value: str, max_age: int) -> Cookie:
    """Return the cookie that carries a session token, or with age 0 takes it away."""
    return Cookie(
        SESSION_COOKIE,
        value=value,
        path="/",
        max_age=max_age,
        httponly=True,
        samesite="lax",
        secure=services.settings.secure_cookies,
    )


def _local(path: str) -> str:
    """Return the path only where it leads to a page of ours (no open redirect)."""
    good = path.startswith("/") and not path.startswith(("//", "/\\")) and "\n" not in path and "\r" not in path
    return path if good else "/"


ROUTES = [sign_in_page, sign_in, sign_out, account_page, change_password, audit_page, language]
