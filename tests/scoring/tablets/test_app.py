"""The tablet's page over HTTP: everything it needs is listed with the hash that is served; every word it says exists in both languages."""

import hashlib
import json
import re

import httpx

from exam.kernel.pages import STATIC
from scoring.tablets.routes.app import PAGE, words

KEYS = re.compile(
    r"""\b(?:t|Cannot)\((?:[^()"`]*\? )?"(\w+)"(?: : "(\w+)")?|\["(lack_\w+)"|key: "(\w+)"|"(state_\w+)\""""
)


async def _listed(client: httpx.AsyncClient) -> dict[str, str]:
    program = (await client.get(f"{PAGE}/worker.js")).text
    found = re.search(r"^const FILES = (.*);$", program, re.M)
    assert found
    return {one["url"]: one["sha256"] for one in json.loads(found[1])}


async def test_what_the_worker_keeps_is_what_the_server_gives(client: httpx.AsyncClient) -> None:
    listed = await _listed(client)
    for url, wanted in listed.items():
        answer = await client.get(url)
        assert (answer.status_code, hashlib.sha256(answer.content).hexdigest()) == (200, wanted), url
        assert "set-cookie" not in answer.headers or url != PAGE
    modules = {path.name for path in (STATIC / "tablet").glob("*.js")} - {"worker.js"}
    assert modules | {"words.js", "tablet.css"} == {url.rsplit("/", 1)[1] for url in listed if "/files/" in url}


async def test_the_page_asks_for_nothing_that_is_not_kept(client: httpx.AsyncClient) -> None:
    """Neither the page, nor a module, nor a style sheet names a file that the worker does not have."""
    listed = await _listed(client)
    page = (await client.get(PAGE)).text
    named = set(re.findall(r'(?:href|src)="([^"]+)"', page))
    for url in sorted(listed):
        text = (await client.get(url)).text
        if url.endswith(".js"):
            folder = url.rsplit("/", 1)[0]
            named |= {f"{folder}/{name}" for name in re.findall(r'from "\./([\w.]+)"', text)}
        elif ".css" in url:
            named |= {"/static/" + name for name in re.findall(r'url\("([\w./]+)"\)', text)}
    assert len(named) > 15
    assert named <= set(listed)


async def test_the_shell_is_the_same_for_everybody(client: httpx.AsyncClient) -> None:
    first = await client.get(PAGE)
    other = await client.get(PAGE, headers={"cookie": "kaowu_language=en"})
    assert first.content == other.content
    assert "csrf" not in first.text
    scope = (await client.get(f"{PAGE}/worker.js")).headers["service-worker-allowed"]
    card = (await client.get(f"{PAGE}/manifest.webmanifest")).json()
    assert scope == card["scope"] == card["start_url"] == PAGE


async def test_another_version_has_no_files(client: httpx.AsyncClient) -> None:
    for path in ("0000000000000000/app.js", "0000000000000000/..%2f..%2fkaowu.css"):
        assert (await client.get(f"{PAGE}/files/{path}")).status_code == 404
    known = next(url for url in await _listed(client) if url.endswith("/app.js"))
    assert (await client.get(known.replace("app.js", "worker.js"))).status_code == 404


def test_every_word_is_there_in_both_languages_and_none_is_idle() -> None:
    said = words()
    assert set(said["zh"]) == set(said["en"])
    source = "\n".join(path.read_text(encoding="utf-8") for path in sorted((STATIC / "tablet").glob("*.js")))
    used = {key for found in KEYS.findall(source) for key in found if key}
    named = set(re.findall(r'"(\w+)"', source))
    composed = ("dimension_", "kind_", "proof_", "why_")
    assert used <= set(said["zh"]), used - set(said["zh"])
    idle = {key for key in said["zh"] if key not in named and not key.startswith(composed)}
    assert idle == set()
    for key in said["zh"]:
        places = re.findall(r"%\(\w+\)s", said["zh"][key])
        assert set(places) == set(re.findall(r"%\(\w+\)s", said["en"][key])), key
