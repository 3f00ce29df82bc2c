"""The tablet's page as the server gives it: a shell without anybody's data, its own files under one version, a service worker
that knows each file's hash, a manifest. All of it is public and the same for everybody (docs/formats/tablets.md).

The version is a hash over every file, and stands in the address of the modules: a page never mixes two versions.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from functools import cache
from typing import Any, Final

from litestar import Response, get
from litestar.exceptions import NotFoundException
from litestar.params import FromPath

from exam.accounts.guards import public
from exam.kernel import i18n
from exam.kernel.pages import STATIC, asset, environment

PAGE: Final = "/scoring/tablet"
FOLDER: Final = STATIC / "tablet"
WORKER: Final = "worker.js"
KINDS: Final = {".js": "text/javascript; charset=utf-8", ".css": "text/css; charset=utf-8"}
FOR_EVER: Final = "public, max-age=31536000, immutable"
SHARED: Final = ("kaowu.css", "pages/scoring-marking.css", "mark.svg")
"""Files of all pages that this one uses; and the signs, which the style sheet asks for by their plain name."""


@dataclass(frozen=True)
class App:
    """The whole page at one version: what stands under which address."""

    version: str
    page: bytes
    manifest: bytes
    files: dict[str, bytes]  # by name, under the version's address
    worker: bytes


@get(PAGE, guards=[public])
async def shell() -> Response[bytes]:
    """The page. Who has no line gets it from the service worker."""
    return _answer(current().page, "text/html; charset=utf-8", "no-cache")


@get(f"{PAGE}/manifest.webmanifest", guards=[public])
async def manifest() -> Response[bytes]:
    """What a tablet needs to install the page."""
    return _answer(current().manifest, "application/manifest+json", "no-cache")


@get(f"{PAGE}/{WORKER}", guards=[public])
async def worker() -> Response[bytes]:
    """The service worker, with the list of files it keeps. Its scope is the page, which stands beside its folder."""
    return _answer(current().worker, KINDS[".js"], "no-cache", {"Service-Worker-Allowed": PAGE})


@get(f"{PAGE}/files/{{version:str}}/{{name:str}}", guards=[public])
async def file(version: FromPath[str], name: FromPath[str]) -> Response[bytes]:
    """One file of this version; of another version there is none."""
    app = current()
    if version != app.version or name not in app.files:
        raise NotFoundException
    return _answer(app.files[name], KINDS["." + name.rsplit(".", 1)[1]], FOR_EVER)


@cache
def current() -> App:
    """The page as it is now, read once."""
    files = {path.name: path.read_bytes() for path in sorted(FOLDER.iterdir()) if path.suffix in KINDS}
    program = files.pop(WORKER)
    files["words.js"] = f"export default {json.dumps(words(), ensure_ascii=False, sort_keys=True)};\n".encode()
    template = (environment().loader.get_source(environment(), "pages/scoring/tablet/app.html")[0]).encode()  # type: ignore[union-attr]
    version = _hash(template, program, *(part for name in sorted(files) for part in (name.encode(), files[name])))[:16]
    page, card = _page(version), _manifest()
    kept = {
        PAGE: _hash(page),
        f"{PAGE}/manifest.webmanifest": _hash(card),
        "/static/signs.svg": _hash((STATIC / "signs.svg").read_bytes()),
        **{asset(name): _hash((STATIC / name).read_bytes()) for name in SHARED},
        **{_address(version, name): _hash(files[name]) for name in sorted(files)},
    }
    listed = [{"url": url, "sha256": kept[url]} for url in sorted(kept)]
    head = f"const VERSION = {json.dumps(_hash(*(one['sha256'].encode() for one in listed))[:16])};\nconst FILES = {json.dumps(listed)};\n"
    return App(version=version, page=page, manifest=card, files=files, worker=head.encode() + program)


def words() -> dict[str, dict[str, str]]:
    """Every text of the page by language and key: the page switches without a line."""
    found: dict[str, dict[str, str]] = {}
    template = "pages/scoring/tablet/words.html"
    for name in i18n.LOCALES:
        with i18n.use_locale(name, i18n.domain_of(template)):
            found[name] = json.loads(environment().get_template(template).render(locale=name))
    return found


def _page(version: str) -> bytes:
    template = "pages/scoring/tablet/app.html"
    with i18n.use_locale("zh", i18n.domain_of(template)):
        styles = [asset("kaowu.css"), asset("pages/scoring-marking.css"), _address(version, "tablet.css")]
        made = environment().get_template(template).render(styles=styles, script=_address(version, "app.js"))
    return made.encode()


def _manifest() -> bytes:
    card: dict[str, Any] = {
        "name": words()["zh"]["title"],
        "short_name": words()["zh"]["title"],
        "lang": "zh-CN",
        "id": PAGE,
        "start_url": PAGE,
        "scope": PAGE,
        "display": "standalone",
        "background_color": "#f7f6f2",
        "theme_color": "#084a4c",
        "icons": [{"src": asset("mark.svg"), "sizes": "any", "type": "image/svg+xml", "purpose": "any"}],
    }
    return json.dumps(card, ensure_ascii=False, sort_keys=True).encode()


def _address(version: str, name: str) -> str:
    return f"{PAGE}/files/{version}/{name}"


def _hash(*parts: bytes) -> str:
    return hashlib.sha256(b"\0".join(parts)).hexdigest()


def _answer(content: bytes, media_type: str, caching: str, headers: dict[str, str] | None = None) -> Response[bytes]:
    return Response(content, media_type=media_type, headers={"Cache-Control": caching, **(headers or {})})


ROUTES = [shell, manifest, worker, file]
