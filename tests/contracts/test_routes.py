"""Deny by default: every route of the application names who may call it."""

from typing import Any

from litestar import Litestar
from litestar.handlers import BaseRouteHandler

from exam.app import create_app
from exam.kernel.services import Services

STATIC = "/static"


def _handlers(app: Litestar) -> list[tuple[str, BaseRouteHandler]]:
    found: list[tuple[str, BaseRouteHandler]] = []
    for route in app.routes:
        handlers: Any = getattr(route, "route_handlers", None) or [getattr(route, "route_handler", None)]
        found += [(route.path, handler) for handler in handlers if handler is not None]
    return found


async def test_every_route_has_a_guard(services: Services) -> None:
    handlers = _handlers(create_app(services))
    assert len(handlers) > 5
    open_doors = [
        path
        for path, handler in handlers
        if not path.startswith(STATIC)
        and not handler.resolve_guards()
        and getattr(handler, "fn", None) is not None
        and "options_handler" not in getattr(handler.fn, "__name__", "")
    ]
    assert sorted(set(open_doors)) == []


async def test_the_schema_of_the_interface_is_not_open(client: Any) -> None:
    for path in ("/schema", "/schema/openapi.json", "/docs"):
        assert (await client.get(path)).status_code in {401, 403, 404, 303, 302}
