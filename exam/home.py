"""First pages: each role lands on what needs it now (design.md, "First pages"); wiring only, no rule of its own."""

from typing import Any

from litestar import Response, get

from exam.accounts.guards import AppRequest, public
from exam.kernel.errors import N_
from exam.kernel.pages import page
from exam.kernel.services import Services

HOME = "pages/exam/home"


def navigation(actor: Any, path: str) -> list[tuple[str, str, bool]]:
    """Return the places an actor's bar leads to: words, address, whether the reader is there."""
    if actor is None:
        return []
    return [(N_("首页"), "/", path == "/")]


@get("/", guards=[public])
async def first_page(request: AppRequest, services: Services) -> Response[Any]:
    """Show what needs the reader now; for the public, the verification."""
    return page(request, f"{HOME}/public.html")


@get("/style-guide", guards=[public])
async def style_guide(request: AppRequest) -> Response[Any]:
    """Show every piece pages are made of."""
    return page(request, f"{HOME}/style_guide.html")


ROUTES = [first_page, style_guide]
