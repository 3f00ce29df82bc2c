"""What is kept on the tablet and how it is sent, in a real browser: one chain for two pages, a line that cuts and doubles, a server
that knows less than before, an event nobody can read, keys that open nothing without badge and PIN.
"""

import base64
import hashlib
import json
from collections.abc import Callable
from random import Random
from typing import TYPE_CHECKING, Any
from uuid import UUID

import pytest
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from exam.kernel.canonical import canonical
from scoring.tablets.actions import verify
from scoring.tablets.rules.devices import confirmed_up_to, read_event, read_message
from scoring.tablets.rules.events import broken_links, gaps
from tests.templates.tablet.conftest import PLACE, run

if TYPE_CHECKING:
    from playwright.async_api import Page, Route

pytestmark = pytest.mark.browser
DEVICE = UUID("00000000-0000-4000-8000-000000000007")

WRITE = """async (store, count) => {
  const chain = await import("/chain.js");
  const sheet = { kind: "answered", sitting: "00000000-0000-4000-8000-000000000001", assessor: "00000000-0000-4000-8000-000000000002", version: 1 };
  for (let at = 0; at < count; at += 1) {
    await store.append(async (before) => {
      const event = chain.nextEvent(before, "00000000-0000-4000-8000-000000000007", { ...sheet, data: { row: "A1", value: at } }, "2026-05-16T09:00:00+08:00");
      return { event, hash: await chain.hashOf(event), sealed: { event } };
    });
  }
}"""


async def _kept(tab: "Page") -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = await run(tab, "store.js", "async m => (await m.all('events')).map(one => one.event)")
    return found


async def test_two_pages_write_one_chain(tab: "Page") -> None:
    other = await tab.context.new_page()
    await other.goto(PLACE)
    ready = """async write => {  // each waits for the other one's word, so that both write at the same time
      const [store, channel] = [await import("/store.js"), new BroadcastChannel("ready")];
      globalThis.done = new Promise((resolve) => {
        channel.onmessage = () => { channel.onmessage = null; channel.postMessage(1); resolve(eval(write)(store, 40)); };
      });
    }"""
    for page in (tab, other):
        await page.evaluate(ready, WRITE)
    await tab.evaluate("new BroadcastChannel('ready').postMessage(1)")
    for page in (tab, other):
        await page.evaluate("globalThis.done")
    events = [read_event(one, DEVICE) for one in await _kept(tab)]
    assert [one.number for one in events] == list(range(1, 81))
    assert [one.counter for one in events] == list(range(1, 81))
    assert list(broken_links(events)) == []


async def test_a_store_without_room_keeps_what_it_has(tab: "Page") -> None:
    await run(tab, "store.js", WRITE, 3)
    full = """async m => {
      IDBObjectStore.prototype.add = () => { throw new DOMException("", "QuotaExceededError"); };
      try { await (%s)(m, 1); return "kept"; } catch (error) { return error instanceof m.StoreFull; }
    }"""
    assert await run(tab, "store.js", full % WRITE) is True
    await tab.reload()
    await run(tab, "store.js", WRITE, 1)
    assert [one["number"] for one in await _kept(tab)] == [1, 2, 3, 4]


SENDER = """async store => {
  const [{ Line }, { makeDeviceKey }] = await Promise.all([import("/line.js"), import("/keys.js")]);
  const key = await makeDeviceKey();
  const readable = async (runs, most, stuck) => (await store.all("events")).map(one => one.event)
    .filter(one => !stuck.has(one.number) && runs.some(([first, last]) => first <= one.number && one.number <= last)).slice(0, most);
  globalThis.line = new Line({ device: { id: "00000000-0000-4000-8000-000000000007", ...key }, readable, photos: async () => [], changed: async () => {} });
  return key.publicKey;
}"""
FLUSH = "async () => { await globalThis.line.flush(); return [...globalThis.line.stuck]; }"


class Server:
    """Takes messages as the real one does, over a line as bad as asked for."""

    def __init__(self, trouble: Callable[[], str]) -> None:
        self.trouble, self.key = trouble, b""
        self.events: dict[int, Any] = {}
        self.unreadable: set[int] = set()

    async def answer(self, route: "Route") -> None:
        sent = json.loads(route.request.post_data or "")
        verify(self.key, sent, base64.b64decode(route.request.headers["x-tablet-signature"]))
        what = self.trouble()
        if what == "cut before":
            await route.abort()
        elif what == "broken":
            await route.fulfill(status=502, body="<html>")
        elif any(one["number"] in self.unreadable for one in sent["events"]):
            await route.fulfill(status=422, json={"title": "不符合格式", "code": "NotAnEvent"})
        else:
            message = read_message(sent)
            self.events |= {one["number"]: one for one in message.events}
            confirmed = confirmed_up_to(list(self.events))
            missing = [run for run in gaps(self.events, message.last) if run[1] > confirmed]
            if what == "cut after":
                await route.abort()
            else:
                await route.fulfill(json={"confirmed": confirmed, "missing": missing, "refused": []})


async def _line(tab: "Page", server: Server, count: int) -> None:
    await run(tab, "store.js", WRITE, count)
    await tab.route("**/scoring/tablets/messages", server.answer)
    server.key = base64.b64decode(await run(tab, "store.js", SENDER))


async def test_a_bad_line_loses_nothing(tab: "Page") -> None:
    random = Random("line")
    server = Server(lambda: random.choice(("cut before", "cut after", "broken", "", "")))
    await _line(tab, server, 40)
    for _ in range(30):
        await tab.evaluate(FLUSH)
        if len(server.events) == 40:
            break
    server.trouble = lambda: ""
    await tab.evaluate(FLUSH)
    assert [server.events[number] for number in range(1, 41)] == await _kept(tab)
    assert await run(tab, "store.js", "m => m.fact('receipt')") == {"confirmed": 40, "missing": [], "last": 40}


async def test_what_a_server_lost_is_sent_again(tab: "Page") -> None:
    """It was restored from a backup: its receipt confirms less than it once did, and the tablet still has it all."""
    server = Server(lambda: "")
    await _line(tab, server, 12)
    await tab.evaluate(FLUSH)
    for number in (3, 9, 10, 11, 12):
        del server.events[number]
    await tab.evaluate(FLUSH)
    assert sorted(server.events) == list(range(1, 13))


async def test_one_event_that_nobody_can_read_holds_up_no_other(tab: "Page") -> None:
    server = Server(lambda: "")
    server.unreadable = {5}
    await _line(tab, server, 9)
    stuck: list[int] = []
    for _ in range(12):
        stuck = await tab.evaluate(FLUSH)
    assert (stuck, sorted(server.events)) == ([5], [1, 2, 3, 4, 6, 7, 8, 9])
    assert (await run(tab, "store.js", "m => m.fact('receipt')"))["missing"] == [[5, 5]]


async def test_a_pack_opens_with_badge_and_pin_only(tab: "Page") -> None:
    """Every part that is bound is bound: another PIN, badge, device or list of badges opens nothing."""
    pack = _pack()
    opened = """async (m, [pack, text, pin]) => {
      try { return (await m.openPack(pack, m.readBadge(text), pin)).content; } catch (error) { return error.constructor.name; }
    }"""
    good = f"KAOWU-BADGE:1:7K3M9QXA:{_url(bytes(16))}"
    assert await run(tab, "keys.js", opened, [pack, good, "482913"]) == {"rooms": []}
    other = f"KAOWU-BADGE:1:7K3M9QXA:{_url(bytes(15) + b'x')}"
    assert await run(tab, "keys.js", opened, [pack, good, "482914"]) == "WrongPin"
    assert await run(tab, "keys.js", opened, [pack, other, "482913"]) == "WrongPin"
    assert await run(tab, "keys.js", opened, [{**pack, "device": str(UUID(int=1))}, good, "482913"]) == "WrongPin"
    more = {**pack, "badges": [*pack["badges"], {**pack["badges"][0], "badge": "AAAAAAAA"}]}
    assert await run(tab, "keys.js", opened, [more, good, "482913"]) == "PackBroken"
    assert await run(tab, "keys.js", opened, [{**pack, "pack": "0" * 64}, good, "482913"]) == "PackBroken"
    texts = ["", "202600000001", "KAOWU-BADGE:2:7K3M9QXA:" + "A" * 22, good.lower(), good + "=", f"  {good}\n"]
    read = await run(tab, "keys.js", "(m, all) => all.map(one => m.readBadge(one)?.number ?? null)", texts)
    assert read == [None, None, None, None, None, "7K3M9QXA"]


def _url(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


def _pack() -> dict[str, Any]:
    """A pack as the server writes it (docs/formats/tablets.md), with a few rounds only."""
    device, key, nonce, salt, plain = str(DEVICE), bytes(range(32)), bytes(12), bytes(range(16)), b'{"rooms":[]}'
    wrapping = hashlib.pbkdf2_hmac("sha256", b"482913", salt + bytes(16), 10)
    bound = canonical({"format": "kaowu-tablet-wrap/1", "device": device, "badge": "7K3M9QXA"})
    wrapped = nonce + AESGCM(wrapping).encrypt(nonce, key, bound)
    listed = canonical({"format": "kaowu-tablet-pack/1", "device": device, "badges": ["7K3M9QXA"]})
    return {
        "format": "kaowu-tablet-pack/1", "device": device, "pack": hashlib.sha256(plain).hexdigest(), "rooms": [],
        "badges": [{"badge": "7K3M9QXA", "name": "", "salt": base64.b64encode(salt).decode(), "rounds": 10,
                    "wrapped": base64.b64encode(wrapped).decode()}],
        "nonce": base64.b64encode(nonce).decode(),
        "sealed": base64.b64encode(AESGCM(key).encrypt(nonce, plain, listed)).decode(),
    }  # fmt: skip
