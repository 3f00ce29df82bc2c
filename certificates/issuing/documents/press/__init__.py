"""The press: a certificate template compiled once, certificates put together from it without laying them out again."""

from certificates.issuing.documents.press.faces import Unsure
from certificates.issuing.documents.press.pressing import Seal, press
from certificates.issuing.documents.press.setting import Overflow, covered, overflows, set_page
from certificates.issuing.documents.press.template import Variant, compile_all, shape_of, thawed, variant_of

__all__ = [
    "Overflow",
    "Seal",
    "Unsure",
    "Variant",
    "compile_all",
    "covered",
    "overflows",
    "press",
    "set_page",
    "shape_of",
    "thawed",
    "variant_of",
]
