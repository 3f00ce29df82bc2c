"""The command centre's page, its live part, and the stream that says when it changed (server-sent events)."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncIterator
from typing import Annotated, Any
from uuid import UUID
from weakref import WeakKeyDictionary

from litestar import MediaType, Response, get
from litestar.params import QueryParameter
from litestar.response import ServerSentEvent, ServerSentEventMessage

from exam.accounts.guards import AppRequest, AppServices, actor_of, needs
from exam.accounts.rules import Permission
from exam.command.board import Board
from exam.command.rules import TROUBLE_LABELS
from exam.command.snapshot import Watch
from exam.kernel.db import Database
from exam.kernel.errors import Forbidden, Unavailable
from exam.kernel.pages import locale_of, page, render
from exam.kernel.services import Services
from exam.signals.rules import Sight

WATCHERS = (Permission.PLAN_MANAGE, Permission.SITE_RUN, Permission.SITE_FILE)
STREAM_SECONDS = 600
"""A stream ends after ten minutes and the browser opens another: who may no longer look is gone by then."""
ALIVE_SECONDS = 15
_WATCHES: WeakKeyDictionary[Database, Watch] = WeakKeyDictionary()
"""One per installation that this process answers for."""

Prefecture = Annotated[str, QueryParameter(max_length=6, pattern=r"^\d*$")]
Site = Annotated[UUID | None, QueryParameter()]


def watch_of(services: Services) -> Watch:
    """The shared copy of the day."""
    return _WATCHES.setdefault(services.db, Watch(services.db))


async def _view(request: AppRequest, services: Services) -> Sight:
    view = await watch_of(services).sight(actor_of(request), services.clock.now())
    if not view.oversees:
        raise Forbidden
    return view


async def _board(request: AppRequest, services: Services, prefecture: str, site: UUID | None) -> tuple[Sight, Board]:
    view, watch = await _view(request, services), watch_of(services)
    return view, watch.board(await watch.latest(services.clock.now()), view, prefecture, site)


@get("/exam/command", guards=[needs(*WATCHERS)])
async def command_page(
    request: AppRequest, services: AppServices, prefecture: Prefecture = "", site: Site = None
) -> Response[Any]:
    """Show the day."""
    view, board = await _board(request, services, prefecture, site)
    return page(request, "pages/exam/command/command.html", **_shown(view, board, prefecture, site))


@get("/exam/command/board", guards=[needs(*WATCHERS)])
async def board_part(
    request: AppRequest, services: AppServices, prefecture: Prefecture = "", site: Site = None
) -> Response[Any]:
    """The part that changes, for the script."""
    view, board = await _board(request, services, prefecture, site)
    key = (board.version, board.at.isoformat(), prefecture, str(site), locale_of(request))
    html = watch_of(services).drawn(
        key, lambda: render(request, "pages/exam/command/_board.html", **_shown(view, board, prefecture, site))
    )
    return Response(html, media_type=MediaType.HTML, headers={"Cache-Control": "no-store", "Vary": "Cookie"})


def _shown(view: Sight, board: Board, prefecture: str, site: UUID | None) -> dict[str, Any]:
    target = ""
    if board.site is not None and view.runs(site_id=board.site.site_id, batch_ids=[board.site.batch_id]):
        target = f"site:{board.site.site_id}"
    chosen = f"site={site}" if site else f"prefecture={prefecture}" if prefecture else ""
    return {"board": board, "trouble_labels": TROUBLE_LABELS, "chosen": chosen, "target": target}


@get("/exam/command/stream", guards=[needs(*WATCHERS)])
async def stream(
    request: AppRequest, services: AppServices, prefecture: Prefecture = "", site: Site = None
) -> ServerSentEvent:
    """Say when the reader's part has changed. `Last-Event-ID` is what the browser shows: it comes from the content, so it
    holds over a restart of this process, too."""
    view = await _view(request, services)
    shown = request.headers.get("Last-Event-ID", "")
    messages = changes(services, watch_of(services), view, prefecture, site, shown)
    return ServerSentEvent(messages, headers={"Cache-Control": "no-store", "X-Accel-Buffering": "no"})


async def changes(
    services: Services, watch: Watch, view: Sight, prefecture: str, site: UUID | None, shown: str
) -> AsyncIterator[ServerSentEventMessage]:
    """Messages `board` (with the totals), `stale` while the database is away, and `alive` that keeps the line open."""
    ends, spoke, stale = time.monotonic() + STREAM_SECONDS, time.monotonic(), False
    yield ServerSentEventMessage(comment="open", retry=3000)
    while time.monotonic() < ends:
        try:
            snapshot = await watch.latest(services.clock.now())
            board = watch.board(snapshot, view, prefecture, site)
            away = snapshot.stale
        except Unavailable:
            board, away = None, True
        said = None
        if away and not stale:
            said = ServerSentEventMessage(event="stale", data=board.at.isoformat() if board else "-")
        elif board is not None and not away and (stale or board.version != shown):
            shown = board.version
            said = ServerSentEventMessage(event="board", id=shown, data=json.dumps(board.live))
        elif time.monotonic() - spoke > ALIVE_SECONDS:
            said = ServerSentEventMessage(event="alive", data="-")
        stale = away
        if said is not None:
            spoke = time.monotonic()
            yield said
        await asyncio.sleep(watch.every)


ROUTES = [command_page, board_part, stream]
