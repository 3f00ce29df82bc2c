"""Names of people: which characters one may hold, and the key by which lists of them are sorted.

Chinese names sort by pinyin. pypinyin misreads surnames that have a reading of their own (单 仇 区 翟 解 曾 朴 查), so the
surname is read from a table here and only the given name by pypinyin. The middle dot of a transcribed name is U+00B7
(GB/T 2312's ·); look-alikes from input methods are named with the right spelling as a suggestion.
"""

import re
import unicodedata
from collections.abc import Mapping

from pypinyin import Style, lazy_pinyin

LONGEST_NAME = 40
DOT = "·"
_DOT_LOOK_ALIKES = "•‧・．｡･∙●.﹒"
_LATIN = re.compile(r"[A-Za-zÀ-ÖØ-öø-ÿ][A-Za-zÀ-ÖØ-öø-ÿ' .\-]*")

SURNAMES: Mapping[str, str] = {
    "单": "shan4", "仇": "qiu2", "区": "ou1", "翟": "zhai2", "解": "xie4", "曾": "zeng1", "朴": "piao2", "查": "zha1",
    "盖": "ge3", "缪": "miao4", "乐": "yue4", "员": "yun4", "任": "ren2", "华": "hua4", "覃": "qin2", "尉": "wei4",
    "洗": "xian3", "种": "chong2", "秘": "bi4", "繁": "po2", "折": "she2", "黑": "he4", "召": "shao4", "晟": "cheng2",
    "卜": "bu3", "柏": "bai3", "燕": "yan1", "宁": "ning4", "应": "ying1", "万": "wan4", "石": "shi2", "重": "chong2",
}  # fmt: skip
COMPOUND_SURNAMES: Mapping[str, str] = {
    "尉迟": "yu4 chi2", "万俟": "mo4 qi2", "长孙": "zhang3 sun1", "澹台": "tan2 tai2", "单于": "chan2 yu2",
    "欧阳": "ou1 yang2", "司马": "si1 ma3", "上官": "shang4 guan1", "诸葛": "zhu1 ge3", "东方": "dong1 fang1",
    "皇甫": "huang2 fu3", "令狐": "ling2 hu2", "慕容": "mu4 rong2", "司徒": "si1 tu2", "夏侯": "xia4 hou2",
    "公孙": "gong1 sun1", "宇文": "yu3 wen2", "轩辕": "xuan1 yuan2", "南宫": "nan2 gong1", "端木": "duan1 mu4",
}  # fmt: skip


def is_han(character: str) -> bool:
    """Say whether the character is a Chinese one: the unified ideographs with their extensions, and 〇."""
    code = ord(character)
    return (
        0x4E00 <= code <= 0x9FFF
        or 0x3400 <= code <= 0x4DBF
        or 0x20000 <= code <= 0x323AF
        or 0xF900 <= code <= 0xFAFF
        or character == "〇"
    )


def name_fault(name: str) -> tuple[str, str] | None:
    """Why a name cannot stand: the code of the problem and the spelling to use instead (empty where unsure)."""
    if len(name) > LONGEST_NAME:
        return "name_long", ""
    if "?" in name or "？" in name or "\ufffd" in name:
        return "name_lost_character", ""
    if any(unicodedata.category(character) == "Co" for character in name):
        return "name_private_character", ""
    han = sum(is_han(character) for character in name)
    if han and re.search(r"\s", name):
        return "name_blank_inside", re.sub(r"\s+", "", name)
    if han and all(is_han(character) or character == DOT for character in name):
        return _dot_fault(name) or (("name_short", "") if han < 2 else None)
    if not han and _LATIN.fullmatch(name):
        return None
    repaired = "".join(DOT if character in _DOT_LOOK_ALIKES else character for character in name)
    if repaired != name and han and name_fault(repaired) is None:
        return "name_dot", repaired
    return "name_characters", ""


def _dot_fault(name: str) -> tuple[str, str] | None:
    if name.startswith(DOT) or name.endswith(DOT) or DOT * 2 in name:
        return "name_dot", re.sub(f"{DOT}+", DOT, name).strip(DOT)
    return None


def sort_key(name: str) -> str:
    """The stored key: pinyin with tone numbers, surname by the table, then the characters themselves to part homophones."""
    if not name:
        return ""
    if not is_han(name[0]):
        return name.casefold()
    surname, given = split(name)
    return f"{' '.join([*_surname_pinyin(surname), *_read(given)])}|{name}"


def latin(name: str) -> str:
    """The name in Latin letters, surname first: 曾一帆 -> "Zeng Yifan" (GB/T 28039); a Latin name stays as it is."""
    if not name or not is_han(name[0]):
        return name
    surname, given = split(name)
    words = ["".join(_plain(_surname_pinyin(surname))), "".join(_plain(_read(given)))]
    return " ".join(word.capitalize() for word in words if word)


def split(name: str) -> tuple[str, str]:
    """Surname and given name; a name with a middle dot has no surname in this sense."""
    if DOT in name:
        return "", name.replace(DOT, "")
    size = 2 if name[:2] in COMPOUND_SURNAMES and len(name) > 2 else 1
    return name[:size], name[size:]


def _surname_pinyin(surname: str) -> list[str]:
    known = COMPOUND_SURNAMES.get(surname) or SURNAMES.get(surname)
    return known.split() if known else _read(surname)


def _read(text: str) -> list[str]:
    return list(lazy_pinyin(text, style=Style.TONE3, neutral_tone_with_five=True)) if text else []


def _plain(syllables: list[str]) -> list[str]:
    return [syllable.rstrip("12345") for syllable in syllables]
