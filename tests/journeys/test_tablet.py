"""A day of a tablet: enrolled, given its data, opened by badge and PIN, cut off, reloaded, closed and opened again, the server
stopped and started, back on the line, confirmed. What an assessor entered is there after each of these.
"""

import io
import shutil
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import UUID

import pytest
from PIL import Image
from sqlalchemy.ext.asyncio import AsyncSession

from exam.accounts import actions as accounts
from exam.accounts.rules import SYSTEM, Actor, Role, Scope
from exam.kernel.clock import FixedClock
from exam.kernel.ports import free_port
from exam.kernel.services import Services, make_services
from exam.kernel.settings import Settings
from exam.signals.actions import announce
from exam.signals.rules import Reach
from scoring.marking import queries as marking
from scoring.marking.rules import SheetStatus
from scoring.tablets import actions, queries
from scoring.tablets.routes import app
from scoring.tablets.rules.events import Kind
from scoring.tablets.rules.slips import slip
from tests.conftest import CHROMIUM_FLAGS, chromium
from tests.exam.day import person
from tests.journeys.pages import look, picture
from tests.scoring.world import PASSWORD, World, hold, make_world
from tests.servers import application, serve
from tests.templates.axe import axe

if TYPE_CHECKING:
    from playwright.async_api import Browser, BrowserContext, Page

pytestmark = pytest.mark.browser
TABLET = {"width": 820, "height": 1180}
PINS = ("482913", "730164")


class Day:
    """The server, which can be stopped; the browser with a profile of its own, which can be closed."""

    def __init__(self, services: Services, clock: FixedClock, browser: "Browser", profile: Path) -> None:
        self.services, self.clock, self._browser, self._profile = services, clock, browser, profile
        self.port = free_port()
        self.errors: list[str] = []
        self._server = AsyncExitStack()
        self._context: BrowserContext | None = None

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.port}/scoring/tablet"

    async def start_server(self) -> None:
        settings = Settings(
            home=self.services.settings.home, database_url=self.services.settings.database_url,
            base_url=f"http://127.0.0.1:{self.port}", port=self.port,
        )  # fmt: skip
        own = make_services(settings, clock=self.clock)
        await self._server.enter_async_context(serve(application("live", own), self.port))

    async def stop_server(self) -> None:
        await self._server.aclose()

    async def open(self) -> "Page":
        """Open the browser on its profile, and in it the page of the tablet."""
        self._context = await self._browser.browser_type.launch_persistent_context(
            self._profile, executable_path=chromium(), args=CHROMIUM_FLAGS, viewport=TABLET,  # type: ignore[arg-type]
            locale="zh-CN", timezone_id="Asia/Shanghai",
        )  # fmt: skip
        page = self._context.pages[0]
        page.on("pageerror", lambda error: self.errors.append(str(error)))
        await self.at(page, self.clock.at)
        await page.goto(self.address)
        return page

    async def at(self, page: "Page", moment: datetime) -> None:
        """Set both clocks."""
        self.clock.at = moment
        await page.clock.set_fixed_time(moment)

    async def close(self) -> None:
        if self._context:
            await picture(self._context.pages[0], "tablet-last")
            await self._context.close()
        self._context = None

    async def cut(self, off: bool) -> None:
        assert self._context
        await self._context.set_offline(off)


class Site:
    """A room with two assessors who have badges and PINs, and a code for one tablet."""

    def __init__(self, world: World, head: Actor, badges: list[str], code: str) -> None:
        self.world, self.head, self.badges, self.code = world, head, badges, code


@pytest.fixture
async def site(services: Services, clock: FixedClock) -> Site:
    async with services.db.transaction() as session:
        world = await make_world(session, accounts=True)
        clock.at = await hold(session, world, "P", absent=(2,)) + timedelta(minutes=5)
        place = world.rooms["P"].site_id
        head = person(Role.SITE_HEAD, Scope("site", str(place)), name="head")
        accounts = [one.account_id for one in world.assessors if one.account_id]
        await actions.give_badges(session, services.vault, head, site_id=place, account_ids=accounts, now=clock.at)
        for who, pin in zip(world.assessors, PINS, strict=True):
            await actions.choose_pin(session, services.vault, who, pin=pin, again=pin, now=clock.at, rounds=1000)
        texts = await queries.badge_texts(session, services.vault, accounts)
        code = await actions.make_code(session, services.vault, head, site_id=place, label="T07", now=clock.at)
    return Site(world, head, [texts[one] for one in accounts], code.code)


@pytest.fixture
async def day(services: Services, clock: FixedClock, browser: "Browser", tmp_path: Path) -> AsyncIterator[Day]:
    made = Day(services, clock, browser, tmp_path / "profile")
    await made.start_server()
    yield made
    await made.close()
    await made.stop_server()
    assert not made.errors, made.errors


async def both(page: "Page", name: str) -> None:
    """Look at a state in both languages and on a phone; end in Chinese."""
    await axe(page, enhanced=True)
    await look(page, f"tablet-{name}", phone=True)
    await page.click("#language")
    await page.locator("html[lang=en]").wait_for(state="attached")
    await picture(page, f"tablet-{name}-en")
    await page.click("#language")
    await page.locator("html[lang=zh-CN]").wait_for(state="attached")


async def sign_in(page: "Page", badge: str, pin: str) -> None:
    await page.fill("#badge", badge)
    await page.fill("#pin", pin)
    await page.click("#sign-in-go")


async def truths(page: "Page") -> tuple[str, str]:
    """(kept, confirmed) as the screen says."""
    return await page.inner_text("#kept"), await page.inner_text("#confirmed")


async def confirmed(page: "Page") -> None:
    """Wait until the screen says that all is confirmed."""
    await page.locator(".truths .tone-done #confirmed").wait_for(timeout=60_000)
    kept, there = await truths(page)
    assert kept == there


async def stored(day: Day, device: UUID) -> list[Any]:
    async with day.services.db.transaction() as session:
        return await queries.events(session, tablet_ids=[device])


async def test_a_day_without_a_line(day: Day, site: Site) -> None:
    page = await day.open()
    await both(page, "enrol")
    await page.fill("#code", site.code[:7])
    await page.click("#enrol-go")
    await page.get_by_text("登记码是 8 位数字").wait_for()
    await page.fill("#code", "00000000")
    await page.click("#enrol-go")
    await page.locator(".notice.tone-stopped").wait_for()
    await page.fill("#code", site.code)
    await page.click("#enrol-go")

    # Enrolled, but not given out: it says what to do, and is not ready.
    await page.get_by_text("本机还没有领用到任何考场").wait_for()
    await both(page, "not-given-out")
    async with day.services.db.transaction() as session:
        (tablet,) = await queries.tablets(session, site_id=site.world.rooms["P"].site_id)
        await actions.give_out(
            session, site.head, tablet_id=tablet.id, room_session_id=site.world.rooms["P"].id, now=day.clock.at
        )
    await page.click("#get-pack")
    await page.locator("#sign-in-go").wait_for()
    await page.locator(".tablet-ready").wait_for(timeout=20_000)
    await both(page, "ready")

    # A wrong PIN, somebody else's badge, a ticket instead of a badge: each in its own words.
    await sign_in(page, site.badges[0], "000000")
    await page.get_by_text("还可以试 4 次").wait_for()
    await sign_in(page, site.badges[0][:14] + "ZZZZZZZZ" + site.badges[0][22:], PINS[0])
    await page.get_by_text("不在本机的数据里").wait_for()
    await sign_in(page, "202600000001", PINS[0])
    await page.get_by_text("这不是评分证上的二维码").wait_for()
    await sign_in(page, site.badges[0], PINS[0])
    await page.locator("#next").wait_for()
    await both(page, "stations")

    # The line is cut. Everything goes on, is kept, and nothing is called confirmed.
    await day.cut(True)
    await page.click("#next")
    await page.locator("#sign").wait_for()
    await both(page, "sheet-blank")
    await page.fill("[name=row-A1]", "2o.05")
    await page.locator("#row-A1 .problem").wait_for()
    await page.fill("[name=row-A1]", "20.050")
    await page.locator("[data-row=A1] output", has_text="34.00").wait_for()
    await page.check("[name=row-A2][value=true]", force=True)
    await page.locator("[data-row=A2] output", has_text="40.00").wait_for()
    await page.click("#sign")
    await page.get_by_text("已带您到第一个空项 B1").wait_for()
    await page.check("[name=row-B1][value='2']", force=True)
    await page.locator("[data-row=B1] output", has_not_text="—").wait_for()  # kept
    assert (await truths(page))[1] == "0"

    # After a reload, and after the browser was closed and opened again: signed in anew, all is there.
    await page.reload()
    await page.locator("#sign-in-go").wait_for()
    await sign_in(page, site.badges[0], PINS[0])
    await page.locator("[name=row-A1]").wait_for()
    assert await page.input_value("[name=row-A1]") == "20.050"
    await day.close()
    await day.stop_server()
    page = await day.open()
    await day.cut(True)
    await sign_in(page, site.badges[0], PINS[0])
    await page.click("#next")
    assert await page.is_checked("[name=row-B1][value='2']")
    for _ in range(2):
        await page.click("[data-row=C1] [data-step='1']")
    await page.check("[name=row-C2][value=false]", force=True)
    await page.check("[name=row-C3][value=true]", force=True)
    await page.fill("[data-proof=C3] textarea", "9:41 未戴护目镜磨削，提醒后仍未戴")
    await page.set_input_files("#photo-C3", {"name": "a.jpg", "mimeType": "image/jpeg", "buffer": photo()})
    await page.locator("[data-photos=C3]", has_text="1 张").wait_for()
    await page.locator("[data-photos=C3] img[src^='data:image/jpeg']").wait_for()
    await page.set_input_files(
        "#photo-C3", {"name": "b.heic", "mimeType": "image/heic", "buffer": b"\0\0\0\x18ftypheic" + bytes(99)}
    )
    await page.get_by_text("HEIC 格式").wait_for()
    await page.click("[data-row=overtime] [data-step='1']")
    await page.locator("[data-missing]", has_text="全部已评").wait_for()
    await day.at(page, day.clock.at + timedelta(minutes=7))
    await page.locator("#line", has_text="7 分钟").wait_for()
    await both(page, "sheet-full")
    await page.click("#sign")
    await picture(page, "tablet-sign")
    await page.click("dialog button[type=submit]")
    await page.locator("#slip").wait_for()
    await both(page, "slip")
    answers = {"A1": "20.05", "A2": True, "B1": 2, "C1": 1, "C2": False, "C3": True}
    badge = site.badges[0].split(":")[2]
    assert await page.inner_text("#slip") == slip("202600000001", badge, 1, answers, 0)

    # Somebody else on the same tablet sees no sheet but their own.
    await page.click("#lock")
    await sign_in(page, site.badges[1], PINS[1])
    await page.locator("#next", has_text="1 号工位").wait_for()
    assert await page.get_by_text("已签名").count() == 0
    await page.click("#lock")

    # The server and the line come back; nobody has to sign in for it.
    await day.start_server()
    await day.cut(False)
    await confirmed(page)
    await both(page, "confirmed")
    events = await stored(day, tablet.id)
    assert [one.number for one in events] == list(range(1, len(events) + 1))
    signed = next(one for one in events if one.kind is Kind.SIGNED)
    assert dict(signed.data["answers"]) == {**answers, "A1": "20.050"}
    assert signed.data["evidence"]["C3"]["photos"]
    async with day.services.db.transaction() as session:
        await actions.project(
            session, room_session_id=site.world.rooms["P"].id, now=day.clock.at
        )  # what the worker does
        (sheet,) = await marking.sheets(session, assessor_id=site.world.assessors[0].account_id)
    assert (sheet.status, f"{sheet.total:.2f}") == (SheetStatus.SIGNED, "80.67")
    kept = signed.data["evidence"]["C3"]["photos"][0]
    with Image.open(io.BytesIO(day.services.files.get(kept))) as seen:
        assert (max(seen.size), dict(seen.getexif())) == (1600, {})

    # The rooms are told something; it waits behind a button, and is gone when it was read.
    async with day.services.db.transaction() as session:
        place = site.world.rooms["P"].site_id
        await announce(
            session,
            site.head,
            reach=Reach.SITE,
            target_id=place,
            zh="延时十分钟",
            en="Ten minutes more",
            now=day.clock.at,
        )
    await day.at(page, day.clock.at + timedelta(minutes=1))
    await sign_in(page, site.badges[1], PINS[1])
    await page.locator("#news", has_text="消息 1").wait_for()
    await both(page, "news")
    await page.click("#news")
    await page.locator("dialog", has_text="延时十分钟").wait_for()
    await picture(page, "tablet-news-open")
    await page.click("dialog button[type=submit]")
    await page.locator("#news").wait_for(state="detached")


async def ready(day: Day, site: Site) -> tuple["Page", UUID]:
    """A tablet that is enrolled, given out and ready, with the first assessor signed in; and its id."""
    page = await day.open()
    await page.fill("#code", site.code)
    await page.click("#enrol-go")
    await page.locator("#get-pack").wait_for()
    async with day.services.db.transaction() as session:
        (tablet,) = await queries.tablets(session, site_id=site.world.rooms["P"].site_id)
        await actions.give_out(
            session, site.head, tablet_id=tablet.id, room_session_id=site.world.rooms["P"].id, now=day.clock.at
        )
    await page.click("#get-pack")
    await page.locator(".tablet-ready").wait_for(timeout=20_000)
    await sign_in(page, site.badges[0], PINS[0])
    await page.click("#next")
    await page.locator("#sign").wait_for()
    return page, tablet.id


async def score(page: "Page", **vetoes: bool) -> None:
    """Fill in every row."""
    await page.fill("[name=row-A1]", "20.01")
    await page.check("[name=row-A2][value=true]", force=True)
    await page.check("[name=row-B1][value='3']", force=True)
    await page.click("[data-row=C1] [data-step='1']")
    for code in ("C2", "C3"):
        await page.check(f"[name=row-{code}][value={str(vetoes.get(code, False)).lower()}]", force=True)
        if vetoes.get(code):  # its proof opens below it, and moves the rows that follow
            await page.locator(f"[data-proof={code}]").wait_for()
    await page.click("[data-row=overtime] [data-step='1']")
    await page.locator("[data-missing]", has_text="全部已评").wait_for()


async def test_what_goes_wrong_is_said_and_loses_nothing(day: Day, site: Site) -> None:
    page, device = await ready(day, site)

    # After a fault the candidate begins again on a blank sheet, whose note says why.
    await page.check("[name=row-A2][value=false]", force=True)
    await page.get_by_role("button", name="重新考核").click()
    await page.fill("#reason", "机床断电")
    await page.click("dialog button[type=submit]")
    await page.get_by_text("这是重新考核").wait_for()
    assert not await page.is_checked("[name=row-A2][value=false]")
    assert await page.input_value("#note") == "机床断电"

    # A veto without evidence needs somebody else's badge; the own one is none.
    await score(page, C2=True)
    await page.click("#sign")
    await look(page, "tablet-second", phone=True)
    for badge, pin, words in ((0, PINS[0], "第二人须是另一名考评员"), (1, "111111", "还可以试 4 次")):
        await page.fill("#second-badge", site.badges[badge])
        await page.fill("#second-pin", pin)
        await page.click("dialog button[type=submit]")
        await page.locator("dialog .problem", has_text=words).wait_for()
    await page.fill("#second-pin", PINS[1])
    await page.click("dialog button[type=submit]")
    await page.locator("#slip").wait_for()

    # A correction is a version of its own, begins with what was signed, and needs a reason.
    await page.get_by_role("button", name="发起更正").click()
    await page.fill("#reason", " ")
    await page.click("dialog button[type=submit]")
    await page.locator("dialog .problem", has_text="请写明理由").wait_for()
    await page.fill("#reason", "读数看错")
    await page.click("dialog button[type=submit]")
    await page.locator("#sign").wait_for()
    assert await page.input_value("[name=row-A1]") == "20.01"
    await page.check("[name=row-C2][value=false]", force=True)
    await page.click("#sign")
    await page.click("dialog button[type=submit]")
    await page.locator("#slip").wait_for()

    # The next candidate is stopped for safety.
    await page.click("#to-list")
    await page.click("#next")
    await page.get_by_role("button", name="安全终止").click()
    await page.fill("#reason", "未戴护目镜磨削")
    await look(page, "tablet-stop", phone=True)
    await page.click("dialog button[type=submit]")
    await page.locator(".notice", has_text="已安全终止：未戴护目镜磨削").wait_for()

    # A full tablet keeps what it has, and says what it did not keep.
    before = await truths(page)
    await page.evaluate(
        "() => { IDBObjectStore.prototype.add = () => { throw new DOMException('', 'QuotaExceededError'); }; }"
    )
    await page.fill("[name=row-A1]", "20.02")
    await page.locator("#row-A1 .problem", has_text="存储空间已满").wait_for()
    assert (await truths(page))[0] == before[0]
    await picture(page, "tablet-full")

    # Untouched for ten minutes it is locked; on a page opened beside it, it stands aside.
    await page.reload()
    await sign_in(page, site.badges[0], PINS[0])
    await page.locator("[name=row-A1]").wait_for()
    await day.at(page, day.clock.at + timedelta(minutes=11))
    await page.get_by_text("10 分钟没有操作").wait_for()
    beside = await page.context.new_page()
    await beside.clock.set_fixed_time(day.clock.at)
    await beside.goto(day.address)
    await page.get_by_text("已在另一个页面打开").wait_for()
    await picture(page, "tablet-moved")
    await page.close()
    page = beside

    # A clock that is two hours off is named when the data comes; what is written counts all the same.
    day.clock.at -= timedelta(hours=2)
    await page.fill("#badge", site.badges[0])
    await page.click("#get-pack")
    await page.get_by_text("比服务器快 2 小时").wait_for()
    await page.locator("#get-pack:not([aria-busy])").wait_for()
    assert await page.input_value("#badge") == site.badges[0]  # typed while the data came
    await sign_in(page, site.badges[0], PINS[0])
    await page.click("[data-seat='2'] button")
    await page.fill("[name=row-A1]", "20.03")
    await page.locator("[data-row=A1] output", has_text="38.00").wait_for()
    await confirmed(page)

    # Ready is said only of what is really there.
    await day.stop_server()
    await page.evaluate(DROP_A_FILE)
    await page.get_by_role("button", name="本机").click()
    await page.get_by_role("button", name="重新核对").click()
    await page.locator("#readiness", has_text="个中缺 1 个").wait_for()
    await day.start_server()
    await page.get_by_role("button", name="重新核对").click()
    await page.locator(".tablet-ready").wait_for()
    await page.go_back()

    # A revoked tablet is told so; everything stays, and comes by a file that two people look at.
    async with day.services.db.transaction() as session:
        await actions.revoke(session, site.head, tablet_id=device, reason="考场外遗失", now=day.clock.at)
    await page.fill("[name=row-A1]", "20.00")
    await page.get_by_text("T07 的密钥已于").wait_for()
    await page.locator("#kept").wait_for()
    await page.get_by_role("button", name="本机").click()
    await both(page, "revoked")
    await page.click("#language")
    await page.get_by_text("The key of tablet T07").wait_for()
    await page.click("#language")
    async with page.expect_download() as download:
        await page.click("#export")
    file = Path(await (await download.value).path()).read_bytes()
    async with day.services.db.transaction() as session:
        head = await staff(
            session, Role.SITE_HEAD, Scope("site", str(site.world.rooms["P"].site_id)), "head-2", day.clock.at
        )
        officer = await staff(
            session,
            Role.EXAM_OFFICER,
            Scope("organisation", str(site.world.scheme.organisation_id)),
            "officer",
            day.clock.at,
        )
        taken = await actions.import_file(
            session, day.services.vault, day.services.files, head, data=file, filename="a.json", now=day.clock.at
        )
        await actions.decide_import(
            session,
            day.services.vault,
            day.services.files,
            officer,
            import_id=taken,
            take=True,
            reason="",
            now=day.clock.at,
        )
    events = await stored(day, device)
    assert [one.number for one in events] == list(range(1, int(await page.inner_text("#kept")) + 1))

    # It goes on as a new tablet.
    await page.click("#again")
    await page.locator("dialog", has_text="还有 1 条记录没有得到服务器确认").wait_for()
    await page.click("dialog button[type=submit]")
    await page.locator("#enrol-go").wait_for()
    assert events[-1].data == {"row": "A1", "value": "20.00"}
    first, second = (one for one in events if one.kind is Kind.SIGNED)
    assert first.data["seconded"] == {"account": str(site.world.assessors[1].account_id)}
    assert (first.data["note"], first.data["answers"]["A2"]) == ("机床断电", True)
    assert (second.sheet.version, second.data["answers"]["C2"]) == (2, False)
    assert [one.data["row"] for one in events if one.kind is Kind.STOPPED] == ["C2"]


DROP_A_FILE = """async () => {
  const cache = await caches.open((await caches.keys())[0]);
  await cache.delete((await cache.keys())[3]);
}"""
SCANNER = """text => {
  navigator.mediaDevices.getUserMedia = async () => document.createElement("canvas").captureStream();
  HTMLMediaElement.prototype.play = async () => {};
  window.BarcodeDetector = class { async detect() { return [{ rawValue: text }]; } };
}"""


async def test_a_new_version_waits_until_nobody_scores(
    day: Day, site: Site, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    page, _ = await ready(day, site)
    first = await page.get_attribute("script[type=module]", "src")
    folder = tmp_path / "tablet"
    shutil.copytree(app.FOLDER, folder)
    (folder / "tablet.css").write_text("/* newer */", encoding="utf-8")
    monkeypatch.setattr(app, "FOLDER", folder)
    app.current.cache_clear()
    try:
        await page.evaluate("async () => (await navigator.serviceWorker.getRegistration('/scoring/tablet')).update()")
        waiting = "async () => Boolean((await navigator.serviceWorker.getRegistration('/scoring/tablet')).waiting)"
        for _ in range(100):
            if await page.evaluate(waiting):
                break
            await page.wait_for_timeout(100)
        assert await page.evaluate(waiting)
        await page.check("[name=row-A2][value=true]", force=True)
        await page.locator("#kept", has_text="2").wait_for()
        await confirmed(page)
        assert await page.get_attribute("script[type=module]", "src") == first, "nothing changes under one who scores"
        await page.click("#lock")
        await page.locator(f"script[type=module]:not([src='{first}'])").wait_for(state="attached")

        # The badge by the camera, where the browser reads codes.
        await page.locator("#badge").wait_for()
        await page.evaluate(SCANNER, site.badges[0])
        await page.click("#language")
        await page.click("#language")
        await page.get_by_role("button", name="扫描评分证").click()
        await page.fill("#pin", PINS[0])
        await page.click("#sign-in-go")
        await page.locator("[name=row-A2][value=true]:checked").wait_for(state="attached")
    finally:
        monkeypatch.undo()
        app.current.cache_clear()


async def staff(session: AsyncSession, role: Role, scope: Scope, name: str, now: datetime) -> Actor:
    """Somebody with an account."""
    grants = person(role, scope, name=name).grants
    made = await accounts.create_staff(
        session, SYSTEM, login=name, name=name, password=PASSWORD, grants=grants, now=now
    )
    return Actor(made, name, grants)


def photo() -> bytes:
    """A picture of 12 megapixels that says where it was taken."""
    made = Image.effect_noise((400, 300), 60).resize((4000, 3000)).convert("RGB")
    exif = Image.Exif()
    exif[0x8825] = {1: "N", 2: (30.0, 15.0, 0.0)}
    out = io.BytesIO()
    made.save(out, "JPEG", exif=exif, quality=60)
    return out.getvalue()
