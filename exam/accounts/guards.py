"""Guards of routes: each route names one, and a route without one does not start (deny by default)."""

from typing import Any

from litestar import Request
from litestar.connection import ASGIConnection
from litestar.datastructures import State
from litestar.di import NamedDependency
from litestar.exceptions import NotAuthorizedException
from litestar.handlers.base import BaseRouteHandler
from litestar.middleware import AbstractAuthenticationMiddleware, AuthenticationResult
from litestar.types import Guard

from exam.accounts import queries
from exam.accounts.rules import Actor, Permission
from exam.kernel.errors import Forbidden
from exam.kernel.services import Services

SESSION_COOKIE = "kaowu_session"

AppRequest = Request[Actor | None, Any, State]
AppServices = NamedDependency[Services]
Connection = ASGIConnection[Any, Any, Any, Any]


class SignInMiddleware(AbstractAuthenticationMiddleware):
    """Finds the actor of the session cookie; an unknown, old or foreign session id is nobody's."""

    async def authenticate_request(self, connection: Connection) -> AuthenticationResult:
        """Return the actor, or None for the public."""
        token = connection.cookies.get(SESSION_COOKIE)
        if not token:
            return AuthenticationResult(user=None, auth=None)
        services: Services = connection.app.state.services
        async with services.db.transaction() as session:
            actor = await queries.actor_of_token(session, token, services.clock.now())
        return AuthenticationResult(user=actor, auth=None)


async def public(connection: Connection, handler: BaseRouteHandler) -> None:
    """Guard of pages that are for everybody (async: others are run in a thread, which the most asked pages would feel)."""


def signed_in(connection: Connection, handler: BaseRouteHandler) -> None:
    """Guard of pages for anybody who has signed in."""
    if connection.scope.get("user") is None:
        raise NotAuthorizedException


def needs(*permissions: Permission) -> Guard:
    """Return the guard that lets in whoever holds one of the permissions (its scope is checked by the action)."""

    def guard(connection: Connection, handler: BaseRouteHandler) -> None:
        signed_in(connection, handler)
        actor: Actor = connection.scope["user"]
        if not any(actor.may(permission) for permission in permissions):
            raise Forbidden

    guard.__name__ = "needs_" + "_or_".join(permissions)
    guard.__dict__["permissions"] = permissions
    return guard


def actor_of(request: AppRequest) -> Actor:
    """Return who asks; routes behind ``needs`` or ``signed_in`` always have one."""
    actor = request.scope.get("user")
    if not isinstance(actor, Actor):
        raise NotAuthorizedException
    return actor
