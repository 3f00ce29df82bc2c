"""The colour tokens keep their contrast (WCAG 2.2: 1.4.3, 1.4.6, 1.4.11), light and dark, on office and site pages."""

import re

import pytest

from exam.kernel.pages import STATIC

CSS = (STATIC / "kaowu.css").read_text(encoding="utf-8")
TOKEN = re.compile(r"--([a-z0-9-]+):\s*(#[0-9a-f]{3,6})\b")
GROUNDS = ("paper", "sheet", "sunken")
TEXTS = ("ink", "ink-2", "ink-3", "accent", "accent-strong", "done", "needs", "warning", "stopped", "plain")
TONES = ("done", "needs", "warning", "stopped", "plain")


def tokens(selector: str, text: str) -> dict[str, str]:
    """The colour tokens of the first block with this selector."""
    start = text.index(selector + " {")
    return dict(TOKEN.findall(text[start : text.index("}", start)]))


def after(mark: str, nth: int) -> str:
    """The sheet from the nth dark block on."""
    place = -1
    for _ in range(nth):
        place = CSS.index(mark, place + 1)
    return CSS[place:]


DARK = "@media (prefers-color-scheme: dark)"
LIGHT_OFFICE = tokens(":root", CSS)
DARK_OFFICE = {**LIGHT_OFFICE, **tokens(":root", after(DARK, 1))}
LIGHT_SITE = {**LIGHT_OFFICE, **tokens(".site", CSS)}
DARK_SITE = {**DARK_OFFICE, **tokens(".site", after(DARK, 2))}
SETS = {"light": LIGHT_OFFICE, "dark": DARK_OFFICE, "light site": LIGHT_SITE, "dark site": DARK_SITE}


def luminance(colour: str) -> float:
    digits = colour.lstrip("#")
    if len(digits) == 3:
        digits = "".join(digit * 2 for digit in digits)
    parts = [int(digits[at : at + 2], 16) / 255 for at in (0, 2, 4)]
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def test_contrast_is_measured_right() -> None:
    assert round(contrast("#000", "#ffffff"), 1) == 21.0
    assert round(contrast("#777777", "#fff"), 2) == 4.48


@pytest.mark.parametrize("name", SETS)
def test_every_text_on_every_ground(name: str) -> None:
    colours, wanted = SETS[name], 7.0 if "site" in name else 4.5
    low = {
        f"{text} on {ground}": round(contrast(colours[text], colours[ground]), 2)
        for text in TEXTS
        for ground in GROUNDS
        if contrast(colours[text], colours[ground]) < wanted
    }
    assert low == {}


@pytest.mark.parametrize("name", SETS)
def test_every_meaning_on_its_own_ground(name: str) -> None:
    colours, wanted = SETS[name], 7.0 if "site" in name else 4.5
    pairs = [(tone, f"{tone}-soft") for tone in TONES]
    pairs += [("ink", f"{tone}-soft") for tone in TONES]
    pairs += [
        ("on-accent", "accent"),
        ("on-accent", "accent-strong"),
        ("ink", "accent-soft"),
        ("accent", "accent-soft"),
    ]
    pairs += [("ink-2", "accent-soft"), ("ink-3", "accent-soft")]
    low = {pair: round(contrast(colours[pair[0]], colours[pair[1]]), 2) for pair in pairs}
    assert {pair: value for pair, value in low.items() if value < wanted} == {}


@pytest.mark.parametrize("name", SETS)
def test_borders_of_fields_and_the_focus_are_seen(name: str) -> None:
    colours = SETS[name]
    for line in ("line-strong", "focus"):
        for ground in ("paper", "sheet"):
            assert contrast(colours[line], colours[ground]) >= 3, f"{line} on {ground}"
