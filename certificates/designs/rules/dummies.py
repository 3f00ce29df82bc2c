"""Invented people on whom a design is tried: the shortest, the longest, the rarest, a replacement, a real one without mark."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Final

from exam.kernel.errors import N_

_ADDRESS: Final = "http://127.0.0.1:8000/v/AbCdEfGhIjKlMnOpQrStUv"
_FACE: Final[Mapping[str, Any]] = MappingProxyType(
    {
        "holder_name": "欧阳样本",
        "holder_name_latin": "Ouyang Yangben",
        "id_type_zh": "居民身份证",
        "id_type_en": "Resident ID",
        "id_masked": "999900********0018",
        "certificate_code": "WLG",
        "certificate_name_zh": "物流管理",
        "certificate_name_en": "Logistics Management",
        "level": "intermediate",
        "level_zh": "中级",
        "level_en": "Intermediate",
        "organisation_code": "WL01",
        "organisation_name_zh": "物流样本培训评价组织",
        "organisation_name_en": "Specimen Organisation for Logistics",
        "institution_zh": "样本职业技术学院",
        "institution_en": "Specimen Polytechnic",
        "batch_code": "2026-01",
        "issued_on": "2026-05-16",
        "specimen": True,
        "mark_zh": "",
        "mark_en": "",
    }
)


def _dummy(**face: Any) -> dict[str, Any]:
    return {
        "face": {**_FACE, **face},
        "number": "WL01WLG22026420000013",
        "number_grouped": "WL01 WLG 2 2026 42 000001 3",
        "issued_zh": "2026年5月16日",
        "issued_en": "16 May 2026",
        "id_number": "999900200001010018",
        "address": _ADDRESS,
    }


DUMMIES: Final[Mapping[str, tuple[str, Mapping[str, Any]]]] = MappingProxyType(
    {
        "usual": (N_("常见姓名"), _dummy()),
        "short": (
            N_("最短姓名，补发"),
            _dummy(holder_name="丁一", holder_name_latin="", mark_zh="补发", mark_en="Replacement"),
        ),
        "long": (
            N_("最长的少数民族姓名"),
            _dummy(
                holder_name="阿卜杜热合曼·阿卜杜克热木·买买提依明江·吐尔逊",
                holder_name_latin="Abdurahman Abdukerim Muhammad Iminjan Tursun",
            ),
        ),
        "rare": (N_("生僻字姓名"), _dummy(holder_name="㛃翀龑", holder_name_latin="Jie Chongyan", specimen=False)),
        "certificate": (
            N_("最长的证书名称和组织名称"),
            _dummy(
                certificate_name_zh="汽车运用与维修（含智能新能源汽车）",
                certificate_name_en="Automobile Operation and Maintenance (Including Intelligent New Energy Vehicles)",
                organisation_name_zh="样本省新能源汽车产业人才培训评价中心",
                organisation_name_en="Specimen Assessment Centre for New Energy Vehicle Talent",
                level_zh="高级",
                level_en="Advanced",
                id_type_zh="港澳居民来往内地通行证",
                id_type_en="Mainland Travel Permit",
            ),
        ),
    }
)
"""Name of each dummy (a msgid) and what the template is given."""
