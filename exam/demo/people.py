"""Invented people: names, ID numbers that belong to nobody, and who they are in the demo.

The numbers pass GB 11643-1999 but stand in area codes 79xxxx, which were never assigned. Names are put together from
tables; rare characters and long transcribed names are among them, because real rosters hold them.
"""

import random
from dataclasses import dataclass
from datetime import date, timedelta

AREA_PREFIX = "79"  # no province, never assigned

_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)

_SURNAMES = (
    "王李张刘陈杨黄赵周吴徐孙马朱胡林郭何高罗郑梁谢宋唐许韩冯邓曹彭曾肖田董袁潘于蒋蔡余杜叶程苏魏吕丁任沈"
    "姚卢姜崔钟谭陆汪范金石廖贾夏韦付方白邹孟熊秦邱江尹薛闫段雷侯龙史陶黎贺顾毛郝龚邵万钱严覃武戴莫孔向汤"
)
_RARE_SURNAMES = ("欧阳", "司马", "上官", "诸葛", "尉迟", "单", "仇", "翟", "解", "查", "缪", "逄", "亓", "佘")
_MALE = "伟强磊军洋勇杰涛超明刚平辉鹏华飞鑫波斌宇浩凯健俊帆帅旭宁龙林阳博文昊天泽轩子涵睿翔航晨昕哲远峰嘉诚"
_FEMALE = "芳娜敏静丽艳娟霞燕玲丹萍红玉婷雪倩颖露瑶梅莹琪月欣怡佳慧媛雅晴雯梦琳诗涵思语若曦悦蕾洁岚薇璐"
_RARE_GIVEN = "䶮㛃堃喆燊翀昇淏玥珺祎垚犇彧烨炜旻晟晗玮琦翊翎骁骞赟筠璟瑄"
_LONG_NAMES = (
    ("阿依古丽·麦麦提", "female"),
    ("古丽娜尔·艾力", "female"),
    ("买买提江·吐尔逊", "male"),
    ("迪丽努尔·阿卜杜热合曼", "female"),
    ("努尔艾力·托合提", "male"),
    ("扎西次仁", "male"),
    ("卓玛央金", "female"),
    ("巴特尔·乌云", "male"),
)


@dataclass(frozen=True, kw_only=True)
class DemoPerson:
    """One invented person."""

    name: str
    gender: str  # male, female
    birth: date
    id_number: str
    look: int  # which drawn portrait


def check_character(first_17: str) -> str:
    """ISO 7064 MOD 11-2, as GB 11643 applies it."""
    return "10X98765432"[sum(int(digit) * weight for digit, weight in zip(first_17, _WEIGHTS, strict=True)) % 11]


def id_number(area: str, birth: date, serial: int, gender: str) -> str:
    """A valid number: area, birth, a three-digit serial whose last digit is odd for a man, check character."""
    order = serial % 500 * 2 + (1 if gender == "male" else 0)
    body = f"{area}{birth:%Y%m%d}{order:03d}"
    return body + check_character(body)


class People:
    """Makes people one after another; the same seed gives the same people."""

    def __init__(self, rng: random.Random, *, looks: int) -> None:
        self._rng = rng
        self._looks = looks
        self._numbers: set[str] = set()

    def candidate(self, unit_position: int, *, year: int, social: bool = False) -> DemoPerson:
        """A student of 17-22, or a member of society of 23-48."""
        low, high = (23, 48) if social else (17, 22)
        return self._person(unit_position, year - high, year - low)

    def adult(self, unit_position: int, *, year: int) -> DemoPerson:
        """A teacher, an assessor or an officer."""
        return self._person(unit_position, year - 58, year - 27)

    def _person(self, unit_position: int, first_year: int, last_year: int) -> DemoPerson:
        rng = self._rng
        name, gender = self._name()
        while True:
            day = date(first_year, 1, 2) + timedelta(days=rng.randrange((last_year - first_year) * 365 + 300))
            number = id_number(
                f"{AREA_PREFIX}{unit_position:02d}{rng.randrange(1, 30):02d}", day, rng.randrange(500), gender
            )
            if number not in self._numbers:
                break
        self._numbers.add(number)
        half = self._looks // 2
        look = rng.randrange(half) * 2 + (0 if gender == "male" else 1)
        return DemoPerson(name=name, gender=gender, birth=day, id_number=number, look=look)

    def _name(self) -> tuple[str, str]:
        rng = self._rng
        if rng.random() < 0.012:
            return rng.choice(_LONG_NAMES)
        gender = rng.choice(("male", "female"))
        surname = rng.choice(_RARE_SURNAMES) if rng.random() < 0.03 else rng.choice(_SURNAMES)
        table = _MALE if gender == "male" else _FEMALE
        given = [rng.choice(table) for _ in range(1 if rng.random() < 0.22 else 2)]
        if rng.random() < 0.06:
            given[-1] = rng.choice(_RARE_GIVEN)
        return surname + "".join(given), gender
