"""One English word for one Chinese word, whichever catalogue says it; where the place asks for another, it is named here."""

from collections import defaultdict

from exam.kernel.i18n import catalogues

BY_PLACE = {
    "单位": "a reporting unit, or where an examiner works", "安排": "a band of the day picture, or the page",
    "操作": "what an audit record did, or a column of buttons", "本人报名": "a scope of the audit, or a list",
    "没有找到": "no such page, or no result", "编号": "a certificate's number, or a site's code",
    "编排": "a step of the demo, or a button", "说明": "a column of a picture, or of a list of gaps",
    "社会": "a person's channel, or a group", "社会考生": "one person, or a group", "领取准考证": "one's own, or the school's",
    "领取": "papers that were received, or a certificate that was collected", "登记": "the platform's step, or something entered",
    "共 %(n)s 人": "a total, or the rest of a sentence",
}  # fmt: skip


def same(text: str) -> str:
    """What is left when capitals, the end of a sentence and the plural of the last word are looked past."""
    text = text.lower().rstrip(".")
    return text.removesuffix("s").removesuffix("e")


def test_a_word_is_said_alike_in_every_catalogue() -> None:
    found: dict[str, dict[str, str]] = defaultdict(dict)
    for name, catalogue in catalogues("en").items():
        for chinese, english in catalogue.items():
            found[chinese][name] = english
    apart = {
        chinese: said
        for chinese, said in found.items()
        if len({same(text) for text in said.values()}) > 1 and chinese not in BY_PLACE
    }
    assert apart == {}


def test_nothing_is_excused_that_is_said_alike() -> None:
    assert same("") == ""
    assert same("Sites.") == same("site")
