"""Invented people whose certificates are hard to set, and the two ways to draw one."""

from __future__ import annotations

import random
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final
from uuid import UUID

from certificates.designs.queries import built_in_template
from certificates.issuing.documents.drawing import Intent
from certificates.issuing.rules.face import Face
from exam.demo.photos import LOOKS, portrait
from exam.kernel import printing
from exam.kernel.pdf import Attachment

ADDRESS: Final = "https://certificates.example.org"
AT: Final = datetime(2026, 5, 16, 1, tzinfo=UTC)
FILES: Final = (
    Attachment("credential.jwt", "application/vc+jwt", "可验证凭证 Verifiable credential", b"eyJ" + b"0aB_-" * 700),
    Attachment("ledger-proof.txt", "text/plain", "登记簿证明 Proof of the ledger", b"c2sp.org/tlog-proof@v1\n" * 40),
    Attachment("ledger-record.json", "application/json", "登记簿记录 Record of the ledger", b'{"format":1}' * 90),
)
WORST: Final[tuple[dict[str, Any], ...]] = (
    {},
    {"holder_name": "一", "holder_name_latin": "", "specimen": False},
    {"holder_name": "古丽巴哈尔·阿卜杜热西提", "holder_name_latin": ""},
    {"holder_name": "买买提艾力·阿卜杜热合曼·吐尔逊买买提", "holder_name_latin": "Memetali Abdurehman Tursunmemet"},
    {"holder_name": "𬳽䶮㛃", "holder_name_latin": "", "mark_zh": "补发", "mark_en": "Reissue"},
    {"holder_name": "欧阳", "certificate_name_zh": "5G移动通信网络规划与优化（含基站建设）",
     "certificate_name_en": "5G Mobile Network Planning and Optimisation (including Base Station Construction)"},
    {"holder_name": "张伟", "certificate_name_zh": "智能网联汽车检测与运维（新能源方向）综合应用与实践",
     "certificate_name_en": "Inspection, Operation and Maintenance of Intelligent Connected Vehicles (New Energy)"},
    {"holder_name": "阿依古丽·买买提江", "certificate_name_zh": "Web前端开发", "certificate_name_en": "Front-end Web Development",
     "holder_name_latin": "Ayigul Memetjan", "level_zh": "高级", "level_en": "Advanced"},
    {"holder_name": "O’Neill-Smith", "holder_name_latin": "O’Neill-Smith, Siobhán Éabha", "specimen": False},
    {"holder_name": "王小明", "holder_name_latin": "Wang Xiaoming", "mark_zh": "更正", "mark_en": "Corrected"},
    {"holder_name": "诸葛明月清风", "holder_name_latin": "Zhuge Mingyueqingfeng", "organisation_name_zh": "北京样本信息技术培训评价组织有限公司"},
    {"holder_name": "努尔·艾", "certificate_name_zh": "BIM", "certificate_name_en": "BIM", "level_zh": "初级", "level_en": "Elementary"},
)  # fmt: skip
_HAN: Final = "王李张刘陈杨赵黄周吴徐孙胡朱高林何郭马罗梁宋郑谢韩唐冯于董萧程曹袁邓许傅沈曾彭吕苏卢蒋蔡贾丁魏薛叶阎"
_SYLLABLES: Final = (
    "古丽",
    "巴哈尔",
    "阿卜杜",
    "热西提",
    "买买提",
    "努尔",
    "艾力",
    "吐尔逊",
    "阿依",
    "木拉提",
    "克孜",
    "帕提",
    "麦尔",
    "丹",
)
_CERTIFICATES: Final = (
    ("物流管理", "Logistics Management"),
    ("Web前端开发", "Front-end Web Development"),
    ("BIM", "BIM"),
    (
        "5G移动通信网络规划与优化（含基站建设）",
        "5G Mobile Network Planning and Optimisation (including Base Station Construction)",
    ),
    (
        "智能网联汽车检测与运维（新能源方向）综合应用与实践",
        "Inspection, Operation and Maintenance of Intelligent Connected Vehicles (New Energy)",
    ),
)
_LEVELS: Final = (("初级", "Elementary"), ("中级", "Intermediate"), ("高级", "Advanced"))


def person(rng: random.Random) -> dict[str, Any]:
    """The changed facts of a random face: short Han names, long transliterated ones, every length of title."""
    if rng.random() < 0.5:
        name = "".join(rng.choice(_HAN) for _ in range(rng.randint(2, 4)))
    else:
        words = ("".join(rng.choice(_SYLLABLES) for _ in range(rng.randint(1, 3))) for _ in range(rng.randint(2, 3)))
        name = "·".join(words)
    letters = "abcdefghijklmnopqrstuvwxyz"
    latin = " ".join(
        "".join(rng.choice(letters) for _ in range(rng.randint(2, 12))).capitalize() for _ in range(rng.randint(2, 4))
    )
    certificate, level = rng.choice(_CERTIFICATES), rng.choice(_LEVELS)
    mark = rng.choice((("", ""), ("", ""), ("补发", "Reissue")))
    return {
        "holder_name": name,
        "holder_name_latin": latin if rng.random() < 0.6 else "",
        "certificate_name_zh": certificate[0],
        "certificate_name_en": certificate[1],
        "level_zh": level[0],
        "level_en": level[1],
        "specimen": rng.random() < 0.5,
        "mark_zh": mark[0],
        "mark_en": mark[1],
    }


def intent_of(changed: dict[str, Any], serial: int = 0) -> Intent:
    """What is to be drawn for somebody."""
    found = printing.dummy("certificate")
    return Intent(
        id=UUID(int=serial),
        number=found["number"],
        version=1,
        token=f"{serial:022d}",
        template=built_in_template(),
        face=Face.from_data({**found["face"], **changed}),
        id_number=found["id_number"],
        photo_sha256="",
        numbered_at=AT,
    )


@dataclass(frozen=True)
class Studio:
    """Everything a drawing needs beside the intent."""

    home: Path

    def arguments(self, serial: int = 0) -> dict[str, Any]:
        return {
            "photo": portrait(serial % LOOKS),
            "base_url": ADDRESS,
            "signer_name": "演示",
            "home": self.home,
            "attachments": FILES,
        }
