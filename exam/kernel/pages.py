"""The edge to the reader: pages, redirects, files, and the one table from refusals to HTTP status codes.

A refusal becomes a page, or a problem document (RFC 9457) where the reader is a program. No body, cookie
or identity number is ever logged here.
"""

import base64
import hashlib
import json
import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from typing import Any
from urllib.parse import quote, urlencode

from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape
from litestar import MediaType, Request, Response
from litestar.datastructures import Cookie
from litestar.exceptions import HTTPException, NotAuthorizedException
from litestar.response import Redirect
from litestar.utils.scope.state import ScopeState
from markupsafe import Markup
from sqlalchemy.exc import DBAPIError, IntegrityError

from exam.kernel import filters, i18n
from exam.kernel.errors import (
    N_,
    Conflict,
    Forbidden,
    Invalid,
    NotFound,
    Problem,
    Refusal,
    TooLarge,
    TooMany,
    Unavailable,
)
from exam.kernel.settings import TREE

log = logging.getLogger("kaowu")

STATUS: dict[type[Refusal], int] = {
    Invalid: 422,
    TooLarge: 413,
    NotFound: 404,
    Forbidden: 403,
    Conflict: 409,
    TooMany: 429,
    Unavailable: 503,
    Refusal: 400,
}
LANGUAGE_COOKIE = "kaowu_language"
NOTICE_COOKIE = "kaowu_notice"
STATIC = TREE / "templates" / "static"
PER_PAGE = 50
"""Rows on one page of a long list."""

AnyRequest = Request[Any, Any, Any]
Navigation = Callable[[Any, str], list[Any]]
_navigation: Navigation = lambda actor, path: []  # noqa: E731 - replaced once by exam.app


class Unreadable(Invalid):
    """The request itself cannot be read: broken JSON, an impossible character, a number out of range."""

    message = N_("请求的内容无法读取，没有保存任何更改。")
    way_out = N_("请返回上一页重新填写；若用程序调用，请检查格式。")


class Stale(Forbidden):
    """The form's CSRF token is missing or old."""

    message = N_("页面已过期，没有保存任何更改。")
    way_out = N_("请刷新页面后再提交。")


class Broken(Refusal):
    """A defect of ours: said as such, without details that concern nobody."""

    message = N_("系统出现了意外错误，没有保存任何更改。")
    way_out = N_("请稍后重试；如仍出现，请把错误编号 %(reference)s 告诉管理员。")


def set_navigation(function: Navigation) -> None:
    """Tell how the navigation of an actor is made (wiring, done once by ``exam.app``)."""
    global _navigation
    _navigation = function


def status_of(refusal: Refusal) -> int:
    """Return the HTTP status of a refusal: that of its nearest class in the table."""
    return next(STATUS[kind] for kind in type(refusal).__mro__ if kind in STATUS)


@cache
def environment() -> Environment:
    """Return the Jinja environment of the pages: escaping on, unknown names are errors."""
    made = Environment(
        loader=FileSystemLoader(TREE / "templates"),
        autoescape=select_autoescape(default=True, default_for_string=True),
        undefined=StrictUndefined,
        extensions=["jinja2.ext.i18n", "jinja2.ext.do", "jinja2.ext.loopcontrols"],
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,  # a file is not asked for its age at each answer
    )
    made.install_gettext_callables(i18n.gettext, i18n.ngettext, newstyle=True)  # type: ignore[attr-defined]
    made.filters.update(filters.FILTERS)
    made.globals.update(_=say, asset=asset, query=query_string, bilingual=i18n.bilingual, translate=i18n.translate)
    return made


def say(message: str, /, **facts: object) -> Markup:
    """``_()`` of the pages: the message in the reader's language, each fact escaped in its place.

    Jinja's own does the same through the template's context, which is copied for every word of a page.
    """
    text = i18n.gettext(message)
    return Markup(text) % facts if facts or "%" in text else Markup(text)


@cache
def asset(path: str) -> str:
    """Return the address of a static file with its content's hash, so that it can be cached for ever."""
    digest = hashlib.sha256((STATIC / path).read_bytes()).hexdigest()[:12]
    return f"/static/{path}?v={digest}"


def query_string(current: Mapping[str, Any], **changes: Any) -> str:
    """Return ``?...`` of the current filters with changes; None and blank drop out."""
    merged = {name: value for name, value in {**current, **changes}.items() if value not in (None, "")}
    return "?" + urlencode(merged) if merged else "?"


@dataclass(frozen=True, kw_only=True)
class ListPage:
    """Which page of a list, as ``ui.pager`` wants it; the filters stay in its addresses."""

    number: int
    total: int
    """Rows of the whole list."""
    filters: Mapping[str, object]

    @property
    def pages(self) -> int:
        """How many pages of `PER_PAGE` rows there are, at least one."""
        return max(1, -(-self.total // PER_PAGE))

    def href(self, number: int) -> str:
        """The address of another page of the same list."""
        return query_string(self.filters, page=number)


def locale_of(request: AnyRequest) -> i18n.Locale:
    """Return the reader's language: the switch's cookie, else Chinese."""
    return i18n.choose_locale(request.cookies.get(LANGUAGE_COOKIE))


def is_htmx(request: AnyRequest) -> bool:
    """Say whether only a part of the page is asked for."""
    return request.headers.get("HX-Request") == "true"


def wants_json(request: AnyRequest) -> bool:
    """Say whether the reader is a program."""
    accept = request.headers.get("Accept", "")
    return "json" in accept and "text/html" not in accept


def render(request: AnyRequest, template: str, **context: Any) -> str:
    """Render a template in the reader's language with what every page has."""
    locale = locale_of(request)
    actor = request.scope.get("user")
    csrf = ScopeState.from_scope(request.scope).csrf_token or ""
    field = Markup('<input type="hidden" name="_csrf_token" value="{}">').format(csrf)
    with i18n.use_locale(locale, i18n.domain_of(template)):
        return (
            environment()
            .get_template(template)
            .render(
                actor=actor,
                locale=locale,
                csrf_token=csrf,
                csrf_input=field,
                request_path=request.url.path,
                request_query=dict(request.query_params),
                navigation=_navigation(actor, request.url.path),
                notice=_notice(request),
                now=datetime.now(UTC),
                **context,
            )
        )


def page(request: AnyRequest, template: str, *, status: int = 200, **context: Any) -> Response[str]:
    """Return a page."""
    html = render(request, template, **context)
    cookies = [_forget(NOTICE_COOKIE)] if NOTICE_COOKIE in request.cookies else []
    headers = {"Cache-Control": "no-store", "Content-Language": locale_of(request), "Vary": "Cookie"}
    return Response(html, media_type=MediaType.HTML, status_code=status, cookies=cookies, headers=headers)


def redirect(request: AnyRequest, path: str, notice: str = "", **facts: object) -> Redirect:
    """Go to another page of ours (303) and say there what was done."""
    cookies = []
    if notice:
        packed = json.dumps([notice, {name: str(value) for name, value in facts.items()}])
        cookies = [
            Cookie(
                NOTICE_COOKIE,
                value=base64.urlsafe_b64encode(packed.encode()).decode(),
                path="/",
                max_age=60,
                httponly=True,
                samesite="lax",
            )
        ]
    return Redirect(path, status_code=303, cookies=cookies, headers={"Cache-Control": "no-store"})


def json_response(data: Any, *, status: int = 200) -> Response[Any]:
    """Return JSON that nobody stores."""
    return Response(data, media_type=MediaType.JSON, status_code=status, headers={"Cache-Control": "no-store"})


def file_response(data: bytes, media_type: str, filename: str, *, inline: bool = False) -> Response[bytes]:
    """Return a file under a name that may be Chinese (RFC 6266, RFC 8187)."""
    kind = "inline" if inline else "attachment"
    plain = "".join(c if c.isascii() and (c.isalnum() or c in "-._") else "_" for c in filename)
    disposition = f"{kind}; filename=\"{plain}\"; filename*=UTF-8''{quote(filename, safe='')}"
    headers = {"Content-Disposition": disposition, "Cache-Control": "private, no-store"}
    return Response(data, media_type=media_type, headers=headers)


def refuse(request: AnyRequest, refusal: Refusal) -> Response[Any]:
    """Turn a refusal into its page or problem document."""
    status = status_of(refusal)
    if wants_json(request):
        return _problem_document(request, refusal, status)
    response: Response[Any] = page(
        request, "pages/exam/errors/refusal.html", status=status, refusal=refusal, status_code=status
    )
    if isinstance(refusal, TooMany):
        response.set_header("Retry-After", str(refusal.facts.get("seconds", 1)))
    return response


def _problem_document(request: AnyRequest, refusal: Refusal, status: int) -> Response[Any]:
    with i18n.use_locale(locale_of(request)):
        body = {
            "type": f"about:blank#{refusal.code}",
            "title": i18n.translate(refusal.message, **refusal.facts),
            "detail": i18n.translate(refusal.way_out, **refusal.facts) if refusal.way_out else "",
            "status": status,
            "code": refusal.code,
            "problems": [described(problem) for problem in refusal.problems],
        }
    return Response(
        body, media_type="application/problem+json", status_code=status, headers={"Cache-Control": "no-store"}
    )


def described(problem: Problem) -> dict[str, Any]:
    """Return a problem in the current language, for a program to read."""
    return {
        "row": problem.row,
        "field": problem.field,
        "code": problem.code,
        "message": i18n.translate(problem.message, **problem.facts),
        "way_out": i18n.translate(problem.way_out, **problem.facts) if problem.way_out else "",
    }


def on_refusal(request: AnyRequest, error: Exception) -> Response[Any]:
    """Handle a refusal raised anywhere below."""
    assert isinstance(error, Refusal)
    return refuse(request, error)


def on_http(request: AnyRequest, error: Exception) -> Response[Any]:
    """Handle what the framework itself refuses: not signed in, no such route, a body that cannot be read."""
    status = getattr(error, "status_code", 500)
    if isinstance(error, NotAuthorizedException) and not wants_json(request) and request.method == "GET":
        back = request.url.path + (f"?{request.url.query}" if request.url.query else "")
        return redirect(request, f"/sign-in?{urlencode({'next': back})}")
    if status >= 500:
        return on_defect(request, error)
    if "CSRF" in str(getattr(error, "detail", "")):
        return refuse(request, Stale())
    kinds: dict[int, Refusal] = {
        401: Forbidden(),
        403: Forbidden(),
        404: NotFound(),
        405: NotFound(),
        413: TooLarge(),
        429: TooMany(seconds=60),
    }
    return refuse(request, kinds.get(status) or Unreadable())


def on_database(request: AnyRequest, error: Exception) -> Response[Any]:
    """Handle what PostgreSQL refuses: a constraint is a conflict, an impossible value is unreadable."""
    state = str(getattr(getattr(error, "orig", None), "sqlstate", "") or "")
    if isinstance(error, IntegrityError) or state.startswith("23"):
        log.warning("constraint refused a change: sqlstate %s", state)
        return refuse(request, Conflict())
    if state.startswith("22"):
        return refuse(request, Unreadable())
    if state.startswith(("08", "57")) or (isinstance(error, DBAPIError) and error.connection_invalidated):
        return refuse(request, Unavailable())
    return on_defect(request, error)


def on_defect(request: AnyRequest, error: Exception) -> Response[Any]:
    """Handle a defect of ours: logged with a reference, shown without details."""
    reference = hashlib.sha256(f"{datetime.now(UTC).isoformat()}{id(error)}".encode()).hexdigest()[:8]
    log.error("defect %s at %s %s", reference, request.method, request.url.path, exc_info=error)
    if isinstance(error, RecursionError):
        return refuse(request, Unreadable())
    broken = Broken(reference=reference)
    if wants_json(request):
        return _problem_document(request, broken, 500)
    return page(request, "pages/exam/errors/refusal.html", status=500, refusal=broken, status_code=500)


HANDLERS: dict[int | type[Exception], Callable[[AnyRequest, Any], Response[Any]]] = {
    Refusal: on_refusal,
    HTTPException: on_http,
    DBAPIError: on_database,
    Exception: on_defect,
}


def _notice(request: AnyRequest) -> str:
    try:
        packed = base64.urlsafe_b64decode(request.cookies[NOTICE_COOKIE])
        text, facts = json.loads(packed)
        return i18n.translate(str(text), **{str(name): str(value) for name, value in facts.items()})
    except (KeyError, ValueError, TypeError, AttributeError):
        return ""


def _forget(name: str) -> Cookie:
    return Cookie(name, value="", path="/", max_age=0, httponly=True, samesite="lax")
