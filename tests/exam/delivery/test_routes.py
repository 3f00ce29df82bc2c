"""The answer-saving interface as docs/formats/http.md describes it, over HTTP and without a browser."""

import json
import re
from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

import httpx
import pytest

from exam.accounts.rules import SYSTEM
from exam.delivery import queries
from exam.kernel.clock import FixedClock
from exam.kernel.services import Services
from exam.sittings import actions
from tests.conftest import NOW
from tests.exam.examroom import PASSWORD, ExamRoom, make_examroom

START = NOW + timedelta(hours=1)


def minutes(n: float) -> datetime:
    return START + timedelta(minutes=n)


@pytest.fixture
async def room(services: Services, clock: FixedClock) -> ExamRoom:
    """Two candidates on their seats, one minute after the start."""
    made = await make_examroom(services, START, count=2)
    async with services.db.transaction() as session:
        await actions.open_room(session, SYSTEM, room_session_id=made.room.id, now=minutes(-30))
        await actions.check_in_many(session, SYSTEM, sitting_ids=made.ids, now=minutes(-5))
    clock.at = minutes(1)
    return made


class Candidate:
    """One candidate's client: signed in, the paper open."""

    def __init__(self, client: httpx.AsyncClient, address: str) -> None:
        self.client, self.address = client, address
        self.csrf = self.item = self.option = ""
        self.epoch = 0

    async def open(self) -> httpx.Response:
        """Open the exam page and read what a client needs of it."""
        answer = await self.client.get(self.address)
        self.csrf = re.findall(r'csrf-token" content="([^"]*)"', answer.text)[0]
        if found := re.search(r'data-epoch="(\d+)"', answer.text):
            self.epoch = int(found[1])
            single = re.search(
                r'data-item="([^"]+)" data-no="\d+" data-kind="single".*?type="radio" name="value" value="(\w)"',
                answer.text,
                re.S,
            )
            assert single is not None
            self.item, self.option = single[1], single[2]
        return answer

    async def send(self, path: str, body: Any, **headers: str) -> httpx.Response:
        """Post JSON as the page does; bytes go as they are."""
        content = body if isinstance(body, bytes) else json.dumps(body).encode()
        given = {"Content-Type": "application/json", "Accept": "application/json", "X-CSRF-Token": self.csrf, **headers}
        return await self.client.post(self.address + path, content=content, headers=given)

    async def save(
        self, value: Any = "", *, key: str = "", epoch: int = 0, seq: int = 1, item: str = ""
    ) -> httpx.Response:
        """Save one answer."""
        answer = {"key": key or uuid4().hex, "seq": seq, "item_id": item or self.item,
                  "value": self.option if value == "" else value}  # fmt: skip
        return await self.send("/answers", {"epoch": epoch or self.epoch, "answers": [answer]})


async def enter(client: httpx.AsyncClient, room: ExamRoom, index: int = 0) -> Candidate:
    """Sign a candidate in."""
    page = await client.get("/sign-in?kind=candidate")
    csrf = re.findall(r'name="_csrf_token" value="([^"]*)"', page.text)[0]
    ticket, secret = room.sign_in(index)
    form = {"login": ticket, "secret": secret, "kind": "candidate", "next": "/", "_csrf_token": csrf}
    assert (await client.post("/sign-in", data=form)).status_code == 303
    candidate = Candidate(client, f"/exam/delivery/{room.ids[index]}")
    await candidate.open()
    return candidate


@pytest.fixture
async def writer(client: httpx.AsyncClient, room: ExamRoom) -> Candidate:
    """The first candidate with the paper open."""
    candidate = await enter(client, room)
    assert (await candidate.send("/start", {})).status_code == 303
    await candidate.open()
    assert candidate.epoch == 2
    return candidate


async def test_a_saved_answer_is_confirmed_by_its_key(writer: Candidate, services: Services, room: ExamRoom) -> None:
    answer = await writer.save(key="the-first-answer")
    assert answer.status_code == 200
    assert answer.json()["saved"] == ["the-first-answer"]
    assert set(answer.json()) == {"saved", "saved_at", "deadline_at", "now"}
    async with services.db.transaction() as session:
        [response] = await queries.responses(session, [room.ids[0]])
    assert list(response.answers.values()) == [writer.option]
    state = (await writer.client.get(writer.address + "/state")).json()
    assert (state["epoch"], state["status"], state["submitted"]) == (2, "started", False)


async def test_an_empty_flush_is_confirmed_as_nothing(writer: Candidate) -> None:
    answer = await writer.send("/answers", {"epoch": writer.epoch, "answers": []})
    assert (answer.status_code, answer.json()["saved"]) == (200, [])


async def test_each_refusal_has_its_status_and_code(
    writer: Candidate, clock: FixedClock, services: Services, room: ExamRoom
) -> None:
    async def refused(answer: httpx.Response, status: int, code: str) -> None:
        assert (answer.status_code, answer.json()["code"]) == (status, code)
        assert answer.headers["content-type"].startswith("application/problem+json")

    await refused(await writer.save(epoch=1), 409, "TakenOver")
    await refused(await writer.save(item=str(uuid4())), 422, "AnswerUnfit")
    await refused(await writer.save("Z"), 422, "AnswerUnfit")
    await refused(await writer.save({"a": [1]}), 422, "AnswerUnfit")
    await refused(await writer.save(key="short"), 422, "AnswerUnfit")
    await refused(await writer.save(seq=2**40), 422, "AnswerUnfit")
    async with services.db.transaction() as session:
        await actions.interrupt(session, SYSTEM, sitting_id=room.ids[0], reason="停电", now=clock.at)
    await refused(await writer.save(), 409, "NotRunning")
    async with services.db.transaction() as session:
        await actions.resume(
            session,
            SYSTEM,
            sitting_id=room.ids[0],
            extra_minutes=0,
            second_person="监考乙",
            reason="恢复",
            now=clock.at,
        )
    clock.at = minutes(61)
    await refused(await writer.save(), 409, "DeadlinePassed")
    await writer.open()
    await refused(await writer.save(), 409, "AlreadySubmitted")


@pytest.mark.parametrize(
    "body",
    [b"", b"{", b"[]", b'{"epoch": "x"}', b'{"epoch": 99999999999999999999999, "answers": []}', b"\xff\xfe",
     b'{"epoch": 1, "answers": [{"key": "12345678", "seq": 1, "item_id": "no uuid"}]}',
     b'{"epoch": 1, "answers": ' + b"[" * 100_000 + b"]" * 100_000 + b"}"],
)  # fmt: skip
async def test_what_is_not_the_documented_json_is_unreadable(writer: Candidate, body: bytes) -> None:
    answer = await writer.send("/answers", body)
    assert answer.status_code in (409, 422)
    assert answer.json()["code"] in ("Unreadable", "TakenOver")


async def test_a_nul_in_a_text_is_refused(writer: Candidate) -> None:
    page = (await writer.client.get(writer.address)).text
    await writer.open()
    fill_in = re.search(r'data-item="([^"]+)" data-no="\d+" data-kind="fill_in"', page)
    assert fill_in is not None
    assert (await writer.save(["红\x00", "绿"], item=fill_in[1])).status_code == 422
    assert (await writer.save(["红", "绿"], item=fill_in[1])).status_code == 200


async def test_without_the_token_nothing_is_saved(writer: Candidate) -> None:
    answer = await writer.send("/answers", {"epoch": writer.epoch, "answers": []}, **{"X-CSRF-Token": "wrong"})
    assert answer.status_code == 403


async def test_anothers_exam_is_closed(client: httpx.AsyncClient, writer: Candidate, room: ExamRoom) -> None:
    writer.address = f"/exam/delivery/{room.ids[1]}"
    for answer in (
        await client.get(writer.address),
        await client.get(writer.address + "/state"),
        await client.get(writer.address + "/review?epoch=1"),
        await writer.send("/start", {}),
        await writer.save(),
    ):
        assert answer.status_code == 403


async def test_the_paper_leaves_the_server_without_its_keys(writer: Candidate) -> None:
    page = (await writer.client.get(writer.address)).text
    assert not re.search(r"朱|correct|is-right", page)  # 朱 is an accepted text of the fill-in item only


async def test_the_room_sees_how_many_and_never_which(
    client: httpx.AsyncClient, writer: Candidate, room: ExamRoom
) -> None:
    await writer.save()
    client.cookies.clear()
    page = await client.get("/sign-in")
    csrf = re.findall(r'name="_csrf_token" value="([^"]*)"', page.text)[0]
    form = {"login": "invigilator", "secret": PASSWORD, "kind": "staff", "next": "/", "_csrf_token": csrf}
    assert (await client.post("/sign-in", data=form)).status_code == 303
    answer = await client.get(f"/exam/delivery/rooms/{room.room.id}/progress")
    assert answer.json()["progress"][str(room.ids[0])]["answered"] == 1
    assert writer.option not in json.dumps(answer.json()["progress"][str(room.ids[0])]["answered"])
    assert (await client.get(writer.address)).status_code == 403


async def test_a_refusal_speaks_the_readers_language(writer: Candidate) -> None:
    writer.client.cookies.set("kaowu_language", "en")
    body = (await writer.save(epoch=1)).json()
    assert body["title"].startswith("This exam has been opened")
