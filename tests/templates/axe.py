"""axe-core in a browser test: ``assert await findings(page) == []``."""

from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from playwright.async_api import Page

AXE = Path(__file__).parents[1] / "vendor" / "axe.min.js"
GRAVE = {"serious", "critical"}
OPTIONS = {
    "resultTypes": ["violations"],
    "runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"],
}


@cache
def _source() -> str:
    return AXE.read_text(encoding="utf-8")


# A colour half-way through its transition is nobody's contrast: every finite animation is brought to its end first.
SETTLE = """() => document.getAnimations()
  .filter(one => Number.isFinite(one.effect.getComputedTiming().endTime))
  .forEach(one => one.finish())"""


async def findings(page: "Page", *, enhanced: bool = False) -> list[str]:
    """Return what axe-core calls serious or critical on the page, one line each; ``enhanced`` adds contrast 7:1."""
    await page.evaluate(_source())  # through the debugger: the page's own policy allows no such script
    await page.evaluate(SETTLE)
    options: dict[str, Any] = dict(OPTIONS)
    if enhanced:
        options["rules"] = {"color-contrast-enhanced": {"enabled": True}}
    result = await page.evaluate("options => axe.run(document, options)", options)
    return [
        f"{found['id']}: {found['help']} at {', '.join(str(node['target'][0]) for node in found['nodes'][:5])}"
        for found in result["violations"]
        if found["impact"] in GRAVE
    ]


async def axe(page: "Page", *, enhanced: bool = False) -> None:
    """Fail with the list when anything serious is found."""
    found = await findings(page, enhanced=enhanced)
    assert not found, f"{page.url}\n" + "\n".join(found)
