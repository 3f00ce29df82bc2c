"""What a template may name, and what must stand on every certificate (domain.md section 7, document 10)."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from exam.kernel.errors import N_

NAMES: Final = frozenset(
    {"face", "number", "number_grouped", "issued_zh", "issued_en", "id_number", "address", "style"}
)
"""The names a template is given."""

FACE_FIELDS: Final = frozenset(
    {
        "holder_name", "holder_name_latin", "id_type_zh", "id_type_en", "id_masked", "certificate_code",
        "certificate_name_zh", "certificate_name_en", "level", "level_zh", "level_en", "organisation_code",
        "organisation_name_zh", "organisation_name_en", "institution_zh", "institution_en", "batch_code", "issued_on",
        "specimen", "mark_zh", "mark_en",
    }
)  # fmt: skip
"""The attributes of ``face``."""

LITERAL: Final = frozenset({"face.mark_zh", "face.mark_en"})
"""Texts of few values, each of which makes a shape of its own: their boxes may be as wide as they are."""

PHOTO: Final = "photo.jpg"
QR: Final = "qr.png"
ASSETS: Final = frozenset({PHOTO, QR})
TITLE: Final = "职业技能等级证书"
STATEMENT: Final = "特发此证"
SPECIMEN: Final = "演示 · 样本"
SEAL_FIELD: Final = "Seal"
PAGE_MM: Final = (297.0, 210.0)
EDGE_MM: Final = 19.4
"""How far from the edge everything begins: inside the inner rule of the frame that lies under every certificate."""
FAMILIES: Final = frozenset({"Kaowu Serif", "Kaowu Sans"})

LABELS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "title": N_("标题“职业技能等级证书”"),
        "statement": N_("“特发此证”的证明文字"),
        "holder_name": N_("姓名"),
        "id_type_zh": N_("证件类型"),
        "id_number": N_("证件号码"),
        "certificate_name_zh": N_("证书名称"),
        "level_zh": N_("等级"),
        "number": N_("证书编号"),
        "issued_zh": N_("发证日期"),
        "organisation_name_zh": N_("培训评价组织"),
        "specimen": N_("“演示 · 样本”标记"),
        "mark_zh": N_("补发、更正标记"),
        "photo": N_("照片"),
        "qr": N_("查验二维码"),
        "seal": N_("签章位置"),
    }
)
"""How the required fields are called; in the order in which a missing one is named."""

SOURCES: Final[Mapping[str, str]] = MappingProxyType(
    {
        "title": TITLE,
        "statement": STATEMENT,
        "holder_name": "{{ face.holder_name }}",
        "id_type_zh": "{{ face.id_type_zh }}",
        "id_number": "{{ id_number }}",
        "certificate_name_zh": "{{ face.certificate_name_zh }}",
        "level_zh": "{{ face.level_zh }}",
        "number": "{{ number_grouped }}",
        "issued_zh": "{{ issued_zh }}",
        "organisation_name_zh": "{{ face.organisation_name_zh }}",
        "specimen": '{% if face.specimen %}<p class="specimen">演示 · 样本</p>{% endif %}',
        "mark_zh": '{% if face.mark_zh %}<p class="mark">{{ face.mark_zh }}</p>{% endif %}',
        "photo": '<img class="photo" src="asset:photo.jpg" alt="持证人照片">',
        "qr": '<img class="qr" src="asset:qr.png" alt="查验二维码">',
    }
)
"""What to write into the template for each: the way out of a missing field."""
