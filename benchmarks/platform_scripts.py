"""Forty ways in which a platform behaves badly, each a script over simulated weeks: what the line does with the n-th request.

The real server stands behind the line; `ScriptedLine` loses, delays, doubles and spoils what passes, in both directions.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final

import httpx

from exam.kernel.clock import Clock

Answer = dict[str, Any]


@dataclass(frozen=True, kw_only=True)
class Call:
    """One request: the how-many-th of its kind (from 0), its kind, how long since the certificates were issued."""

    count: int
    kind: str  # submit, look_up, records
    since: timedelta


@dataclass(frozen=True, kw_only=True)
class Script:
    """What happens to requests (`before` the server: an outcome that replaces it; `after`: its answer changed) and to us."""

    name: str
    before: Callable[[Call], str] = lambda call: ""
    after: Callable[[Call, Answer], Answer | str] = lambda call, answer: answer
    refuse: Callable[[Call, list[str]], list[str]] = lambda call, keys: []  # keys the platform refuses this time
    issued: str = "2026-05-15T08:00:00+00:00"
    certificates: int = 24
    asynchronous: bool = False
    callback_after: timedelta | None = None
    callbacks: int = 1
    forged: bool = False
    revoke_after: timedelta | None = None
    renew_after: timedelta | None = None
    dies: tuple[str, ...] = ()  # where our own process ends, once each
    lies: bool = False  # the look-up itself is wrong: sending again is then right


def first(count: int, what: str, kind: str = "submit") -> Callable[[Call], str]:
    """The first requests of a kind."""
    return lambda call: what if call.kind == kind and call.count < count else ""


def until(what: str, **duration: float) -> Callable[[Call], str]:
    """Every request for so long after the issue."""
    return lambda call: what if call.since < timedelta(**duration) else ""


def every(nth: int, what: str, kind: str = "submit") -> Callable[[Call], str]:
    """Every n-th request of a kind, for ever."""
    return lambda call: what if call.kind == kind and call.count % nth != nth - 1 else ""


def answers(
    change: Callable[[Answer], Answer | str], *, kind: str = "submit", count: int = 1
) -> Callable[[Call, Answer], Answer | str]:
    """The first answers of a kind, changed."""
    return lambda call, answer: change(answer) if call.kind == kind and call.count < count else answer


def _receipts(change: Callable[[list[Answer]], list[Answer]]) -> Callable[[Answer], Answer]:
    return lambda answer: {**answer, "receipts": change(answer.get("receipts", []))}


def _shifted(days: int) -> Callable[[Answer], Answer]:
    def change(receipts: list[Answer]) -> list[Answer]:
        return [
            {**one, "at": (datetime.fromisoformat(one["at"]) + timedelta(days=days)).isoformat()} for one in receipts
        ]

    return _receipts(change)


def _rotated(receipts: list[Answer]) -> list[Answer]:
    """Each receipt under the key of the next row."""
    keys = [one["key"] for one in receipts]
    return [{**one, "key": key} for one, key in zip(receipts, keys[1:] + keys[:1], strict=True)]


def _unknown(answer: Answer) -> Answer:
    keys = [one["key"] for one in answer.get("receipts", [])]
    return {"receipts": [], "unknown": sorted({*answer.get("unknown", []), *keys})}


HALF = _receipts(lambda all: all[: len(all) // 2])
DOUBLED = _receipts(lambda all: all + all)
REVERSED = _receipts(lambda all: all[::-1])
WRONG_KEY = _receipts(_rotated)
FOREIGN = _receipts(lambda all: [{**one, "key": f"X{one['key']}"} for one in all])
WRONG_RECORD = _receipts(lambda all: [{**one, "record_sha256": "0" * 64} for one in all])
NO_NUMBER = _receipts(lambda all: [{**one, "platform_id": ""} for one in all])
CONTRADICTS = _receipts(lambda all: all + [{**one, "accepted": False, "code": "late"} for one in all])
TWO_NUMBERS = _receipts(lambda all: all + [{**one, "platform_id": "R-other"} for one in all])
NO_KEYS = _receipts(lambda all: [{"accepted": True} for _ in all])
SPRING, NATIONAL, LABOUR, MAY = (
    "2026-02-13T08:00:00+00:00", "2026-09-30T08:00:00+00:00", "2026-04-30T08:00:00+00:00", "2026-05-15T08:00:00+00:00",
)  # fmt: skip


def _one_of_all(call: Call, keys: list[str]) -> list[str]:
    return [key for key in keys if key.startswith("N0007/")] if call.since < timedelta(hours=20) else []


def _half_of_all(call: Call, keys: list[str]) -> list[str]:
    return keys[::2] if call.count == 0 else []


SCRIPTS: Final[tuple[Script, ...]] = (
    Script(name="all is well"),
    Script(name="down for five days", before=until("down", days=5)),
    Script(name="down over the spring festival, make-up days", before=until("down", days=14), issued=SPRING),
    Script(name="down over the national holiday", before=until("down", days=11), issued=NATIONAL),
    Script(name="down for three nights", before=lambda call: "down" if call.since.seconds // 3600 % 24 < 14 else ""),
    Script(name="error after commit", after=answers(lambda _: "lost")),
    Script(name="error after commit, three times", after=answers(lambda _: "lost", count=3)),
    Script(name="error after commit, then down for three days",
           before=lambda call: "down" if timedelta(minutes=3) < call.since < timedelta(days=3) else "",
           after=answers(lambda _: "lost")),
    Script(name="error before anything is stored", before=first(2, "lost")),
    Script(name="slow: the answer comes after our patience", after=answers(lambda _: "slow", count=4)),
    Script(name="slow before it is stored", before=first(4, "slow")),
    Script(name="429 with Retry-After for a day", before=until("429", days=1)),
    Script(name="429 on two of three requests", before=every(3, "429")),
    Script(name="500 for two days", before=until("500", days=2), issued=LABOUR),
    Script(name="502 from a proxy after commit", after=answers(lambda _: "502", count=2)),
    Script(name="503 on every second request", before=every(2, "503")),
    Script(name="401 for a day: the key was changed", before=until("401", days=1)),
    Script(name="413: the batch is too large", before=first(3, "413")),
    Script(name="garbage instead of an answer", after=answers(lambda _: "garbage", count=3)),
    Script(name="a page of a portal for half a day", before=until("garbage", hours=12)),
    Script(name="an answer cut in the middle", after=answers(lambda _: "cut", count=2)),
    Script(name="doubled answer", after=answers(DOUBLED)),
    Script(name="answers in another order", after=answers(REVERSED)),
    Script(name="half a batch answered", after=answers(HALF, count=2)),
    Script(name="wrong key echoed", after=answers(WRONG_KEY, count=2)),
    Script(name="keys of others", after=answers(FOREIGN)),
    Script(name="receipts for another record", after=answers(WRONG_RECORD)),
    Script(name="accepted without a number", after=answers(NO_NUMBER)),
    Script(name="accepted and refused at once", after=answers(CONTRADICTS)),
    Script(name="two numbers for one row", after=answers(TWO_NUMBERS)),
    Script(name="receipts without keys", after=answers(NO_KEYS)),
    Script(name="1 of 500 refused, fixed the next day", refuse=_one_of_all, certificates=500),
    Script(name="half a batch refused, fixed the next day", refuse=_half_of_all, issued=NATIONAL),
    Script(name="taken, receipts called back after two days", asynchronous=True, callback_after=timedelta(days=2),
           before=lambda call: "down" if call.kind == "look_up" and call.since < timedelta(days=3) else ""),
    Script(name="late callback, when all is asked for already, twice", asynchronous=True, callback_after=timedelta(days=4), callbacks=2),
    Script(name="callback with a forged signature", asynchronous=True, callback_after=timedelta(hours=1), forged=True),
    Script(name="the look-up says unknown and is wrong", after=lambda call, answer: "lost" if call.kind == "submit" and call.count < 2
           else _unknown(answer) if call.kind == "look_up" and call.count < 3 else answer, lies=True),
    Script(name="our own process ends in the middle, before and after", dies=("before", "after"), issued=SPRING),
    Script(name="clocks ten days apart, revoked and corrected meanwhile", after=lambda call, answer: _shifted(10 if call.count % 2 else -10)(answer)
           if call.kind == "submit" else answer, revoke_after=timedelta(hours=5), renew_after=timedelta(hours=7)),
    Script(name="everything lost half of the time, revoked while unknown", before=every(2, "down"),
           after=lambda call, answer: "lost" if call.kind == "submit" and call.count % 3 == 0 else answer,
           revoke_after=timedelta(minutes=2), renew_after=timedelta(hours=30), issued=NATIONAL),
)  # fmt: skip


@dataclass
class Traffic:
    """What passed the line: registrations that reached a server which had them already, and how many requests there were."""

    requests: int = 0
    repeated: int = 0
    there: set[str] = field(default_factory=set)
    late: list[tuple[datetime, bytes]] = field(default_factory=list)  # callbacks to come


class OurEnd(BaseException):
    """Our own process ends here."""


class ScriptedLine(httpx.AsyncBaseTransport):
    """The line to the real server, on which a script acts."""

    def __init__(self, script: Script, clock: Clock, inner: httpx.AsyncBaseTransport) -> None:
        self._script, self._clock, self._inner = script, clock, inner
        self._issued = datetime.fromisoformat(script.issued)
        self._counts: dict[str, int] = {}
        self._dies = list(script.dies)
        self.traffic = Traffic()

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Let one request meet the script, the server, and the script again."""
        kind = {"/certificates/batches": "submit", "/certificates/receipts": "look_up"}.get(request.url.path, "records")
        call = Call(count=self._counts.get(kind, 0), kind=kind, since=self._clock.now() - self._issued)
        self._counts[kind] = call.count + 1
        self.traffic.requests += 1
        self._die("before", kind)
        outcome = self._script.before(call)
        self._fail(outcome)
        if outcome:
            return _status(outcome)
        response = await self._pass(request, call)
        self._die("after", kind)
        return response

    async def _pass(self, request: httpx.Request, call: Call) -> httpx.Response:
        refused: list[str] = []
        if call.kind == "submit":
            request, refused = self._sent(request, call)
        response = await self._inner.handle_async_request(request)
        raw = await response.aread()
        if response.status_code != httpx.codes.OK:
            return httpx.Response(response.status_code, content=raw)
        answer = json.loads(raw)
        if call.kind == "submit":
            self.traffic.there |= {
                one["key"] for one in answer["receipts"] if one["accepted"] and one["deed"] == "register"
            }
            answer["receipts"] += [_refusal(key, self._clock.now()) for key in refused]
            if self._script.asynchronous:
                self._keep_for_later(answer)
                return httpx.Response(202, json={"receipts": []})
        changed = self._script.after(call, answer)
        if isinstance(changed, str):
            self._fail(changed)
            return _status(changed, raw)
        return httpx.Response(200, json=changed)

    def _sent(self, request: httpx.Request, call: Call) -> tuple[httpx.Request, list[str]]:
        body = json.loads(request.content)
        keys = [row["key"] for row in body["rows"] if row["deed"] == "register"]
        self.traffic.repeated += len([key for key in keys if key in self.traffic.there])
        refused = self._script.refuse(call, keys)
        body["rows"] = [row for row in body["rows"] if row["key"] not in refused]
        headers = {name: value for name, value in request.headers.items() if name.lower() != "content-length"}
        return httpx.Request(request.method, request.url, headers=headers, json=body), refused

    def _keep_for_later(self, answer: Mapping[str, Any]) -> None:
        if self._script.callback_after is not None:
            at = self._clock.now() + self._script.callback_after
            raw = json.dumps(answer, ensure_ascii=False).encode()
            self.traffic.late += [(at, raw)] * self._script.callbacks

    def _die(self, where: str, kind: str) -> None:
        if kind == "submit" and self._dies[:1] == [where]:
            self._dies.pop(0)
            raise OurEnd

    @staticmethod
    def _fail(outcome: str) -> None:
        if outcome == "down":
            raise httpx.ConnectError("down")
        if outcome == "lost":
            raise httpx.RemoteProtocolError("lost")
        if outcome == "slow":
            raise httpx.ReadTimeout("slow")


def _refusal(key: str, at: datetime) -> Answer:
    return {"key": key, "deed": "register", "accepted": False, "platform_id": "", "record_sha256": "", "code": "major",
            "message": "专业不符", "at": at.isoformat()}  # fmt: skip


def _status(outcome: str, raw: bytes = b"") -> httpx.Response:
    if outcome == "garbage":
        return httpx.Response(200, text="<html>portal</html>")
    if outcome == "cut":
        return httpx.Response(200, content=raw[: len(raw) // 2])
    return httpx.Response(int(outcome), headers={"Retry-After": "3600"} if outcome == "429" else {})
