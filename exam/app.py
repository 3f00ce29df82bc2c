"""The web application: collects every folder's routes and gives them services, session, guards and headers."""

import hashlib
import hmac
from collections.abc import Sequence
from typing import Any

from litestar import Litestar, Response, get
from litestar.config.csrf import CSRFConfig
from litestar.datastructures import MutableScopeHeaders
from litestar.di import Provide
from litestar.middleware import DefineMiddleware
from litestar.static_files import create_static_files_router
from litestar.types import ControllerRouterHandler, Message, Scope

from certificates.credit import routes as credit
from certificates.designs import documents as design_drawing
from certificates.designs import routes as designs
from certificates.enquiries import routes as enquiries
from certificates.handover import routes as handover
from certificates.issuing import documents as issuing_drawing
from certificates.issuing import routes as issuing
from certificates.keys import routes as keys
from certificates.ledger import routes as ledger
from certificates.nightly import routes as nightly
from certificates.packs import routes as packs
from certificates.platform import routes as platform
from certificates.printing import routes as printing
from certificates.sharing import routes as sharing
from certificates.verification import routes as verification
from exam import home
from exam.accounts import routes as accounts
from exam.accounts.guards import AppRequest, AppServices, SignInMiddleware, public
from exam.catalogue import routes as catalogue
from exam.command import routes as command
from exam.delivery import routes as delivery
from exam.faults import routes as faults
from exam.kernel import pages
from exam.kernel.services import Services
from exam.papers import routes as papers
from exam.registration import routes as registration
from exam.rehearsal import routes as rehearsal
from exam.signals import routes as signals
from exam.sittings import routes as sittings
from scheduling.duties import routes as scheduling_duties
from scheduling.feeds import routes as scheduling_feeds
from scheduling.forks import routes as scheduling_forks
from scheduling.norms import routes as scheduling_norms
from scheduling.repairs import routes as scheduling_repairs
from scheduling.sites import routes as scheduling_sites
from scheduling.timetable import routes as scheduling_timetable
from scheduling.workload import routes as scheduling_workload
from scoring.marking import routes as marking
from scoring.outcomes import routes as outcomes
from scoring.reviews import routes as reviews
from scoring.tablets import routes as tablets

MODULES: Sequence[Any] = (
    accounts,
    designs,
    issuing,
    printing,
    packs,
    handover,
    ledger,
    nightly,
    keys,
    platform,
    credit,
    verification,
    sharing,
    enquiries,
    catalogue,
    registration,
    papers,
    sittings,
    signals,
    faults,
    delivery,
    scheduling_sites,
    scheduling_timetable,
    scheduling_duties,
    scheduling_feeds,
    scheduling_norms,
    scheduling_forks,
    scheduling_repairs,
    scheduling_workload,
    marking,
    outcomes,
    reviews,
    tablets,
    rehearsal,
    command,
    home,
)

CONTENT_SECURITY_POLICY = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self' data: blob:",
        "font-src 'self'",
        "connect-src 'self'",
        "manifest-src 'self'",
        "worker-src 'self'",
        "form-action 'self'",
        "frame-ancestors 'none'",
        "base-uri 'none'",
    )
)
HEADERS = {
    "Content-Security-Policy": CONTENT_SECURITY_POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Permissions-Policy": "geolocation=(), microphone=()",
}
BODY_LIMIT_BYTES = 25_000_000


@get("/health", guards=[public])
async def health(services: AppServices) -> Response[dict[str, str]]:
    """Say whether the database answers."""
    async with services.db.transaction() as session:
        await session.connection()
    return Response({"status": "ok"})


def routes() -> list[ControllerRouterHandler]:
    """Return every route of the application."""
    return [handler for module in MODULES for handler in module.ROUTES] + [health]


def create_app(services: Services) -> Litestar:
    """Make the application over running services; a route without a guard does not start."""
    handlers = routes()
    for handler in handlers:
        if not getattr(handler, "guards", None):
            raise RuntimeError(f"route {handler} names no guard")
    pages.set_navigation(home.navigation)
    lend_drawing()

    app = Litestar(
        route_handlers=[
            *handlers,
            create_static_files_router("/static", [pages.STATIC], guards=[public], cache_control=None),
        ],
        dependencies={"services": Provide(provide_services)},
        middleware=[DefineMiddleware(SignInMiddleware, exclude="^/(static|certificates/download)/")],
        csrf_config=CSRFConfig(
            secret=csrf_secret(services),
            cookie_name="kaowu_csrf",
            header_name="x-csrf-token",
            cookie_httponly=True,
        ),
        exception_handlers=pages.HANDLERS,
        before_send=[add_headers],
        openapi_config=None,
        request_max_body_size=BODY_LIMIT_BYTES,
        logging_config=None,
    )
    serve_with(app, services)
    return app


def lend_drawing() -> None:
    """Let designs be shown as certificates are drawn: with their frame and seal."""
    design_drawing.lend(
        design_drawing.Drawing(
            frame=lambda home: issuing_drawing.prepare_static("样本", home).frame,
            seal=lambda name, home: issuing_drawing.prepare_static(name, home).seal,
            compile_design=issuing_drawing.compile_design,
        )
    )


def serve_with(app: Litestar, services: Services) -> None:
    """Let an application answer for an installation; making its routes takes long, changing whose they are does not."""
    assert app.csrf_config is not None
    app.csrf_config.secret = csrf_secret(services)
    app.csrf_config.cookie_secure = services.settings.secure_cookies
    app.state.services = services


async def provide_services(request: AppRequest) -> Services:
    """The services of the installation that the application answers for."""
    services: Services = request.app.state.services
    return services


async def add_headers(message: Message, scope: Scope) -> None:
    """Add the security headers to every answer, those of refusals and static files too."""
    if message["type"] == "http.response.start":
        headers = MutableScopeHeaders.from_message(message)
        for name, value in HEADERS.items():
            headers.setdefault(name, value)


def csrf_secret(services: Services) -> str:
    """Return the CSRF key: derived from the vault, so that all processes of an installation agree."""
    return hmac.new(services.vault.blind("csrf", "key").encode(), b"csrf", hashlib.sha256).hexdigest()
