"""What a quick hand enters: a row shows it until it is kept, and of two entries the last one stands."""

from typing import TYPE_CHECKING

import pytest

from tests.templates.tablet.conftest import run

if TYPE_CHECKING:
    from playwright.async_api import Page

pytestmark = pytest.mark.browser

HURRIED = """async (m) => {
    const kept = [], answers = {}, open = [];
    const enter = (row, typed) => new Promise((done) => open.push(() => { kept.push(typed); answers.C2 = typed === "true"; done(null); }));
    const row = m.rowOf({ code: "C2", kind: "veto", zh: "违规", en: "Breach" }, { answers: {} }, enter, []);
    document.body.append(row.element);
    const [no, yes] = row.element.querySelectorAll("input");
    const draw = () => row.show({ answers }, { rows: {} }, []);
    const turn = () => new Promise((done) => setTimeout(done));
    draw();
    no.click();
    draw(); // another row was kept meanwhile
    const shown = [no.checked];
    yes.click(); no.click(); yes.click();
    for (let n = 0; n < 40 && kept.length < 4; n += 1) { await turn(); open.shift()?.(); draw(); shown.push(yes.checked); }
    await row.kept();
    return { kept, shown, last: [no.checked, yes.checked] };
}"""


async def test_the_last_of_quick_entries_stands(tab: "Page") -> None:
    found = await run(tab, "rows.js", HURRIED, None)
    assert found["kept"] == ["false", "true", "false", "true"]
    assert all(found["shown"])
    assert found["last"] == [False, True]


BROKEN = """async (m) => {
    const answers = {}; let first = true;
    const enter = async (row, typed) => { if (first) { first = false; throw new Error("store"); } answers.C2 = typed === "true"; return null; };
    const row = m.rowOf({ code: "C2", kind: "veto", zh: "违规", en: "Breach" }, { answers: {} }, enter, []);
    document.body.append(row.element);
    const [no, yes] = row.element.querySelectorAll("input");
    row.show({ answers }, { rows: {} }, []);
    no.click();
    await row.kept();
    const refused = [no.checked, row.element.hasAttribute("data-unkept")];
    yes.click();
    await row.kept();
    return { refused, answers, unkept: row.element.hasAttribute("data-unkept") };
}"""


async def test_an_entry_that_breaks_is_named_and_the_next_one_is_kept(tab: "Page") -> None:
    found = await run(tab, "rows.js", BROKEN, None)
    assert found == {"refused": [False, True], "answers": {"C2": True}, "unkept": False}
