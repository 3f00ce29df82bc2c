"""The demo province: Hubei's 17 reporting units and about thirty invented institutions.

The units are those the provincial notice addresses (各市、州、直管市及神农架林区, B08): twelve cities, one autonomous
prefecture, and the four county-level units that report to the province directly. Codes are those of GB/T 2260.
Tiles stand roughly where the unit lies, so that a map can be drawn without any border.
Every institution is invented, and its name says so.
"""

from dataclasses import dataclass

PROVINCE_CODE = "42"
PROVINCE_NAME_ZH = "湖北省"
PROVINCE_NAME_EN = "Hubei"


@dataclass(frozen=True, kw_only=True)
class Unit:
    """One reporting unit (填报单位); it is one coverage unit at the same time."""

    code: str  # GB/T 2260
    name_zh: str
    name_en: str
    kind: str  # the word of the code table: 地级市, 自治州, 省直辖县级
    reports_to_province: bool  # 直管市 and 林区 have no prefecture above them
    latitude: float
    longitude: float
    tile_x: int
    tile_y: int


@dataclass(frozen=True, kw_only=True)
class School:
    """One invented institution and what it may examine this year."""

    code: str  # ten digits, the field length of the national reporting tables
    name_zh: str
    name_en: str
    kind: str  # secondary, higher, vocational_bachelor, applied
    unit_code: str
    certificates: tuple[str, ...]  # certificate codes of its pilots
    weight: int  # share of the candidates


def _unit(
    code: str,
    name_zh: str,
    name_en: str,
    latitude: float,
    longitude: float,
    tile: tuple[int, int],
    kind: str = "地级市",
) -> Unit:
    return Unit(
        code=code,
        name_zh=name_zh,
        name_en=name_en,
        kind=kind,
        reports_to_province=kind == "省直辖县级",
        latitude=latitude,
        longitude=longitude,
        tile_x=tile[0],
        tile_y=tile[1],
    )


UNITS: tuple[Unit, ...] = (
    _unit("420100", "武汉市", "Wuhan", 30.59, 114.31, (4, 2)),
    _unit("420200", "黄石市", "Huangshi", 30.20, 115.04, (5, 3)),
    _unit("420300", "十堰市", "Shiyan", 32.63, 110.80, (1, 0)),
    _unit("420500", "宜昌市", "Yichang", 30.69, 111.29, (1, 2)),
    _unit("420600", "襄阳市", "Xiangyang", 32.01, 112.12, (2, 0)),
    _unit("420700", "鄂州市", "Ezhou", 30.39, 114.89, (5, 2)),
    _unit("420800", "荆门市", "Jingmen", 31.04, 112.20, (2, 1)),
    _unit("420900", "孝感市", "Xiaogan", 30.92, 113.92, (4, 1)),
    _unit("421000", "荆州市", "Jingzhou", 30.33, 112.24, (2, 3)),
    _unit("421100", "黄冈市", "Huanggang", 30.45, 114.87, (5, 1)),
    _unit("421200", "咸宁市", "Xianning", 29.84, 114.32, (4, 3)),
    _unit("421300", "随州市", "Suizhou", 31.69, 113.38, (3, 0)),
    _unit("422800", "恩施土家族苗族自治州", "Enshi Tujia and Miao AP", 30.27, 109.49, (0, 2), "自治州"),
    _unit("429004", "仙桃市", "Xiantao", 30.36, 113.45, (3, 2), "省直辖县级"),
    _unit("429005", "潜江市", "Qianjiang", 30.40, 112.90, (2, 2), "省直辖县级"),
    _unit("429006", "天门市", "Tianmen", 30.66, 113.17, (3, 1), "省直辖县级"),
    _unit("429021", "神农架林区", "Shennongjia", 31.74, 110.68, (1, 1), "省直辖县级"),
)

KIND_WORDS = {
    "higher": ("职业技术学院", "Vocational and Technical College"),
    "secondary": ("中等职业学校", "Secondary Vocational School"),
    "vocational_bachelor": ("职业技术大学", "Vocational and Technical University"),
    "applied": ("应用科技学院", "Institute of Applied Science"),
}

# word, English word, kind, unit, certificates, weight
_SCHOOLS: tuple[tuple[str, str, str, str, str, int], ...] = (
    ("云杉", "Yunshan", "vocational_bachelor", "420100", "BIM WEB NEV", 12),
    ("星渡", "Xingdu", "higher", "420100", "WEB LOG AUT", 10),
    ("砚湖", "Yanhu", "applied", "420100", "BIM WEB", 7),
    ("青禾", "Qinghe", "secondary", "420100", "ELD AUT", 6),
    ("望舒", "Wangshu", "higher", "420100", "ELD LOG", 7),
    ("松石", "Songshi", "higher", "420200", "BIM AUT", 6),
    ("铜草", "Tongcao", "secondary", "420200", "ELD LOG", 4),
    ("车城远帆", "Yuanfan", "higher", "420300", "AUT NEV", 9),
    ("檀溪谷", "Tanxigu", "secondary", "420300", "WEB ELD", 4),
    ("峡光", "Xiaguang", "higher", "420500", "BIM LOG ELD", 9),
    ("橘岸", "Ju'an", "higher", "420500", "WEB NEV", 6),
    ("映峡", "Yingxia", "secondary", "420500", "AUT", 3),
    ("鹿望", "Luwang", "higher", "420600", "AUT NEV WEB", 9),
    ("汉畔", "Hanpan", "higher", "420600", "LOG ELD", 6),
    ("古驿", "Guyi", "secondary", "420600", "BIM", 3),
    ("梁子青", "Liangziqing", "higher", "420700", "LOG WEB", 5),
    ("霜叶", "Shuangye", "higher", "420800", "BIM ELD", 5),
    ("凤台", "Fengtai", "secondary", "420800", "AUT", 3),
    ("棠溪", "Tangxi", "higher", "420900", "WEB LOG", 6),
    ("澴水", "Huanshui", "secondary", "420900", "ELD NEV", 4),
    ("郢都舟", "Yingduzhou", "higher", "421000", "LOG BIM AUT", 8),
    ("荆台", "Jingtai", "secondary", "421000", "ELD WEB", 4),
    ("赤壤", "Chirang", "higher", "421100", "ELD BIM", 6),
    ("遗爱桥", "Yiaiqiao", "secondary", "421100", "AUT LOG", 4),
    ("温泉桂", "Wenquangui", "higher", "421200", "WEB ELD", 5),
    ("编钟谷", "Bianzhonggu", "higher", "421300", "NEV AUT", 5),
    ("清江源", "Qingjiangyuan", "higher", "422800", "ELD LOG WEB", 6),
    ("沔水", "Mianshui", "secondary", "429004", "LOG WEB", 4),
    ("龙湾台", "Longwantai", "secondary", "429005", "AUT BIM", 4),
    ("竟陵渡", "Jinglingdu", "secondary", "429006", "LOG ELD", 4),
    ("冷杉坪", "Lengshanping", "secondary", "429021", "ELD", 2),
)


def _school(position: int, row: tuple[str, str, str, str, str, int]) -> School:
    word, word_en, kind, unit_code, certificates, weight = row
    suffix_zh, suffix_en = KIND_WORDS[kind]
    return School(
        code=f"42990{position:05d}",
        name_zh=f"{word}{suffix_zh}（演示）",
        name_en=f"{word_en} {suffix_en} (Demo)",
        kind=kind,
        unit_code=unit_code,
        certificates=tuple(certificates.split()),
        weight=weight,
    )


SCHOOLS: tuple[School, ...] = tuple(_school(n, row) for n, row in enumerate(_SCHOOLS, start=1))


def unit_of(code: str) -> Unit:
    """The reporting unit with this code."""
    return next(unit for unit in UNITS if unit.code == code)


def position_of(school: School) -> tuple[float, float]:
    """An invented position near the middle of the school's unit: latitude and longitude."""
    unit = unit_of(school.unit_code)
    step = int(school.code[-5:])
    return round(unit.latitude + (step % 7 - 3) * 0.011, 4), round(unit.longitude + (step % 5 - 2) * 0.013, 4)
