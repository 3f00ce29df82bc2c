"""The clauses of PDF/A-3a (ISO 19005-3) and PDF/UA-1 (ISO 14289-1) that can be read from a file, one function a subject.

A file that breaks one gets a line about it. No validator stands behind this: it is our own reading of the standards.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from io import BytesIO
from typing import Any, Final

import pikepdf
from fontTools.ttLib import TTFont

STANDARD: Final = frozenset(
    [
        "Document",
        "Part",
        "Art",
        "Sect",
        "Div",
        "BlockQuote",
        "Caption",
        "P",
        "H1",
        "H2",
        "H3",
        "H4",
        "H5",
        "H6",
        "L",
        "LI",
        "Lbl",
        "LBody",
        "Table",
        "TR",
        "TH",
        "TD",
        "THead",
        "TBody",
        "TFoot",
        "Span",
        "Figure",
        "Form",
        "NonStruct",
    ]
)
PAINTING: Final = frozenset(
    ["S", "s", "f", "F", "f*", "B", "B*", "b", "b*", "sh", "Do", "Tj", "TJ", "'", '"', "INLINE", "IMAGE", "EI"]
)
KNOWN: Final = PAINTING | frozenset(
    [
        "b",
        "B",
        "BDC",
        "BI",
        "BMC",
        "BT",
        "BX",
        "c",
        "cm",
        "CS",
        "cs",
        "d",
        "d0",
        "d1",
        "DP",
        "EMC",
        "ET",
        "EX",
        "g",
        "G",
        "gs",
        "h",
        "i",
        "ID",
        "j",
        "J",
        "K",
        "k",
        "l",
        "M",
        "m",
        "MP",
        "n",
        "q",
        "Q",
        "re",
        "RG",
        "rg",
        "ri",
        "SC",
        "sc",
        "SCN",
        "scn",
        "T*",
        "Tc",
        "Td",
        "TD",
        "Tf",
        "TL",
        "Tm",
        "Tr",
        "Ts",
        "Tw",
        "Tz",
        "v",
        "w",
        "W",
        "W*",
        "y",
    ]
)
RELATIONS: Final = frozenset(
    ["/Source", "/Data", "/Alternative", "/Supplement", "/EncryptedPayload", "/FormData", "/Schema", "/Unspecified"]
)
Q_DEPTH: Final = 28


def broken(data: bytes) -> list[str]:
    """What is wrong with a file; empty when nothing was found."""
    found = list(_file(data))
    with pikepdf.open(BytesIO(data)) as pdf:
        for check in (_catalog, _metadata, _values, _images, _fonts, _content, _structure, _tables, _widget, _attached):
            found += [f"{check.__name__[1:]}: {line}" for line in check(pdf)]
    return found


def _file(data: bytes) -> Iterator[str]:
    """6.1.2, 6.1.3: header, a comment of four bytes above 127, nothing after the end, an identifier."""
    if not re.match(rb"%PDF-1\.[0-7]\n%[\x80-\xff]{4,}", data):
        yield "header"
    if not data.endswith(b"%%EOF\n") or data.count(b"%%EOF") != 1:
        yield "end of file"
    if b"/ID" not in data:
        yield "identifier"


def _catalog(pdf: pikepdf.Pdf) -> Iterator[str]:
    """6.7.2, 6.2.3; ISO 14289-1 7.1, 7.2: marked, in a language, its title shown, one output intent."""
    root = pdf.Root
    if pdf.is_encrypted or "/ID" not in pdf.trailer:
        yield "encrypted or without identifier"
    if not root.MarkInfo.Marked or root.MarkInfo.get("/Suspects"):
        yield "MarkInfo"
    if not str(root.Lang):
        yield "Lang"
    if not root.ViewerPreferences.DisplayDocTitle:
        yield "DisplayDocTitle"
    if any(key in root for key in ("/OpenAction", "/AA", "/NeedsRendering", "/Requirements", "/OCProperties")):
        yield "actions or layers"
    (intent,) = root.OutputIntents
    profile = intent.DestOutputProfile
    if intent.S != "/GTS_PDFA1" or profile.N != 3 or profile.read_bytes()[36:40] != b"acsp":
        yield "output intent"
    if root.AcroForm.get("/NeedAppearances") or "/XFA" in root.AcroForm or root.AcroForm.SigFlags != 3:
        yield "form"


def _metadata(pdf: pikepdf.Pdf) -> Iterator[str]:
    """6.6: a plain packet that names both standards, explains the second, and says what the information dictionary says."""
    stream = pdf.Root.Metadata
    if "/Filter" in stream or stream.Type != "/Metadata" or stream.Subtype != "/XML":
        yield "stream"
    text = stream.read_bytes().decode()
    for part in ("<pdfaid:part>3<", "<pdfaid:conformance>A<", "<pdfuaid:part>1<", "http://www.aiim.org/pdfua/ns/id/"):
        if part not in text:
            yield part
    if text.count("<rdf:RDF") != 1 or "pdfaExtension:schemas" not in text or 'end="r"' not in text:
        yield "packet"
    said = re.search(r'<dc:title><rdf:Alt><rdf:li xml:lang="x-default">([^<]+)<', text)
    if said is None or said[1] != str(pdf.docinfo.Title):
        yield "title"
    created = re.search(r"<xmp:CreateDate>([^<]+)<", text)
    stated = re.sub(r"\D", "", str(pdf.docinfo.get("/CreationDate", "")))[:14]
    if stated and (created is None or re.sub(r"\D", "", created[1])[:14] != stated):
        yield "dates"


def _values(pdf: pikepdf.Pdf) -> Iterator[str]:
    """6.1.13 and 6.2: limits; no transparency but full opacity, no forbidden filter, no foreign content."""
    for one in pdf.objects:
        if isinstance(one, pikepdf.Stream):
            filters = one.get("/Filter", pikepdf.Array())
            if "LZWDecode" in repr(filters) or "/F" in one:
                yield f"stream {one.objgen}"
            if one.get("/Subtype") == "/Form" and any(key in one for key in ("/OPI", "/PS", "/Ref", "/Group")):
                yield f"form {one.objgen}"
        if isinstance(one, pikepdf.Dictionary):
            if any(key in one for key in ("/TR", "/TR2", "/HTP", "/SMask", "/JS", "/Launch")):
                yield f"dictionary {one.objgen}"
            if one.get("/CA", 1) != 1 or one.get("/ca", 1) != 1 or one.get("/BM", "/Normal") != "/Normal":
                yield f"transparency {one.objgen}"
            for value in one.values():
                if isinstance(value, pikepdf.String) and len(bytes(value)) > 32767:
                    yield f"long string {one.objgen}"
    for number in range(len(pdf.pages)):
        if "/Group" in pdf.pages[number]:
            yield "page group"


def _images(pdf: pikepdf.Pdf) -> Iterator[str]:
    """6.2.8: no interpolation, no alternates, colours of the output intent."""
    for name, image in pdf.pages[0].get_images().items():
        if image.get("/Interpolate") or "/Alternates" in image or "/OPI" in image or "/SMask" in image:
            yield f"{name} keys"
        if str(image.ColorSpace) not in ("/DeviceRGB", "/DeviceGray") or image.BitsPerComponent not in (1, 2, 4, 8, 16):
            yield f"{name} colours"


def _fonts(pdf: pikepdf.Pdf) -> Iterator[str]:
    """6.2.11: embedded, identity codes, right widths, a meaning for each code, no .notdef."""
    used = _codes(pdf)
    for name, font in pdf.pages[0].Resources.Font.items():
        (inner,) = font.DescendantFonts
        file = TTFont(BytesIO(inner.FontDescriptor.FontFile2.read_bytes()))
        if font.Encoding != "/Identity-H" or inner.Subtype != "/CIDFontType2" or inner.CIDToGIDMap != "/Identity":
            yield f"{name} codes"
        if not re.fullmatch(r"/[A-Z]{6}\+\S+", str(font.BaseFont)) or inner.BaseFont != font.BaseFont:
            yield f"{name} name"
        if inner.FontDescriptor.FontName != font.BaseFont or "/CIDSet" in inner.FontDescriptor:
            yield f"{name} descriptor"
        if inner.FontDescriptor.FontFile2.Length1 != len(inner.FontDescriptor.FontFile2.read_bytes()):
            yield f"{name} Length1"
        means = _meanings(font.ToUnicode.read_bytes().decode())
        widths = _widths(inner.W)
        names = file.getGlyphOrder()
        for code in used.get(name, ()):
            if not 0 < code < len(names):
                yield f"{name} {code} no glyph"
            elif abs(widths[code] - file["hmtx"][names[code]][0] * 1000 / file["head"].unitsPerEm) > 1:
                yield f"{name} {code} width"
            if not means.get(code, "").strip("\0\ufeff\ufffe"):
                yield f"{name} {code} meaning"


def _instructions(pdf: pikepdf.Pdf) -> Iterator[tuple[Any, Any]]:
    for one in pikepdf.parse_content_stream(pdf.pages[0]):
        yield one.operands, one.operator


def _codes(pdf: pikepdf.Pdf) -> dict[str, set[int]]:
    used: dict[str, set[int]] = {}
    present = ""
    for operands, operator in _instructions(pdf):
        if str(operator) == "Tf":
            present = str(operands[0])
        elif str(operator) in ("Tj", "TJ"):
            parts = operands[0] if str(operator) == "TJ" else [operands[0]]
            for part in parts:
                if isinstance(part, pikepdf.String):
                    raw = bytes(part)
                    used.setdefault(present, set()).update(
                        int.from_bytes(raw[at : at + 2], "big") for at in range(0, len(raw), 2)
                    )
    return used


def _meanings(text: str) -> dict[int, str]:
    pairs = re.findall(r"<([0-9A-Fa-f]{4})>\s*<([0-9A-Fa-f]+)>\s*(?=<|endbfchar)", text)
    return {int(code, 16): bytes.fromhex(value).decode("utf-16-be") for code, value in pairs}


def _widths(array: Any) -> dict[int, float]:
    found: dict[int, float] = {}
    items = list(array)
    while items:
        first, second = int(items.pop(0)), items.pop(0)
        if isinstance(second, pikepdf.Array):
            found |= {first + place: float(width) for place, width in enumerate(second)}
        else:
            width = float(items.pop(0))
            found |= dict.fromkeys(range(first, int(second) + 1), width)
    return found


def _content(pdf: pikepdf.Pdf) -> Iterator[str]:
    """ISO 14289-1 7.1: all that is painted is tagged or an artifact; balanced; each mark once."""
    marks: list[int] = []
    stack: list[str] = []
    depth = 0
    for operands, operator in _instructions(pdf):
        name = str(operator)
        if name not in KNOWN:
            yield f"operator {name}"
        if name in ("BDC", "BMC"):
            tag = str(operands[0])
            if stack:
                yield f"{tag} inside {stack[-1]}"
            stack.append(tag)
            if name == "BDC" and "/MCID" in operands[1]:
                marks.append(int(operands[1].MCID))
            elif tag != "/Artifact":
                yield f"{tag} without a mark"
        elif name == "EMC":
            stack.pop()
        elif name in PAINTING and not stack:
            yield f"{name} outside of marked content"
        elif name in "qQ":
            depth += 1 if name == "q" else -1
            if not 0 <= depth <= Q_DEPTH:
                yield "depth of graphics states"
    if stack or depth:
        yield "not balanced"
    if sorted(marks) != list(range(len(marks))):
        yield "marks"
    tree = _numbers(pdf.Root.StructTreeRoot.ParentTree)
    if len(tree[int(pdf.pages[0].StructParents)]) != len(marks):
        yield "marks without a parent"


def _numbers(tree: Any) -> dict[int, Any]:
    items = list(tree.Nums)
    return {int(key): value for key, value in zip(items[::2], items[1::2], strict=True)}


def _structure(pdf: pikepdf.Pdf) -> Iterator[str]:
    """ISO 32000-1 14.7.4; ISO 14289-1 7.1 to 7.4: a whole tree of known kinds, its pictures described, headings from 1."""
    root, page = pdf.Root.StructTreeRoot, pdf.pages[0]
    tree = _numbers(root.ParentTree)
    marked: dict[int, tuple[int, int]] = {}
    objects: set[tuple[int, int]] = set()
    headings: list[str] = []
    yield from _below(root, root, page, marked, objects, headings)
    for mark, element in enumerate(tree[int(page.StructParents)]):
        if marked.get(mark) != element.objgen:
            yield f"mark {mark} belongs to another element"
    if objects != {one.objgen for one in page.Annots}:
        yield "annotations in the structure"
    if headings and headings[0] != "H1":
        yield "first heading"


def _below(
    parent: Any, root: Any, page: Any, marked: dict[int, Any], objects: set[Any], headings: list[str]
) -> Iterator[str]:
    kids = parent.get("/K", pikepdf.Array())
    for kid in kids if isinstance(kids, pikepdf.Array) else [kids]:
        if isinstance(kid, int):
            if kid in marked or parent.Pg.objgen != page.objgen:
                yield f"mark {kid}"
            marked[kid] = parent.objgen
        elif kid.get("/Type") == "/OBJR":
            objects.add(kid.Obj.objgen)
        else:
            kind = str(kid.S)[1:]
            if kind not in STANDARD or kid.P.objgen != parent.objgen:
                yield f"{kind} {kid.objgen}"
            if kind == "Figure" and (not str(kid.get("/Alt", "")) or "/BBox" not in kid.A):
                yield "figure"
            if kind == "Form" and not str(kid.get("/Alt", "")):
                yield "form"
            if re.fullmatch(r"H\d", kind):
                headings.append(kind)
            yield from _below(kid, root, page, marked, objects, headings)


def _tables(pdf: pikepdf.Pdf) -> Iterator[str]:
    """ISO 14289-1 7.5: rows of one length, headers with a scope or named by their cells."""
    for table in _elements(pdf.Root.StructTreeRoot, "Table"):
        lengths = {
            sum(int(cell.get("/A", pikepdf.Dictionary()).get("/ColSpan", 1)) for cell in row.K)
            for row in _elements(table, "TR")
        }
        if len(lengths) != 1:
            yield f"rows of {sorted(lengths)} columns"
        for cell in _elements(table, "TH"):
            if "/Scope" not in cell.A and "/ID" not in cell:
                yield "header without a scope"


def _elements(parent: Any, kind: str) -> Iterator[Any]:
    kids = parent.get("/K", pikepdf.Array())
    for kid in kids if isinstance(kids, pikepdf.Array) else [kids]:
        if isinstance(kid, pikepdf.Dictionary) and "/S" in kid:
            if f"/{kind}" == kid.S:
                yield kid
            yield from _elements(kid, kind)


def _widget(pdf: pikepdf.Pdf) -> Iterator[str]:
    """6.3; ISO 14289-1 7.18: printed, named, in the order of the structure, with one appearance."""
    page = pdf.pages[0]
    (widget,) = page.Annots
    if page.Tabs != "/S" or widget.F != 132 or not str(widget.TU):
        yield "flags"
    if list(widget.AP.keys()) != ["/N"] or widget.AP.N.Subtype != "/Form" or "/A" in widget or "/AA" in widget:
        yield "appearance"
    element = _numbers(pdf.Root.StructTreeRoot.ParentTree)[int(widget.StructParent)]
    kid = element.K[0] if isinstance(element.K, pikepdf.Array) else element.K
    if element.S != "/Form" or kid.Obj.objgen != widget.objgen:
        yield "structure"
    if "/Font" in widget.AP.N.get("/Resources", {}) and len(widget.AP.N.Resources.Font):
        yield "fonts"


def _attached(pdf: pikepdf.Pdf) -> Iterator[str]:
    """6.8 and annex E: each file named, described, dated, related to the document."""
    files = list(pdf.Root.get("/AF", ()))
    names = list(pdf.Root.Names.EmbeddedFiles.Names) if files else []
    if [one.objgen for one in names[1::2]] != [one.objgen for one in files]:
        yield "names"
    if [str(one) for one in names[::2]] != sorted(str(one) for one in names[::2]):
        yield "order"
    for one in files:
        stream = one.EF.F
        if str(one.F) != str(one.UF) or str(one.AFRelationship) not in RELATIONS or not str(one.Desc):
            yield f"{one.UF}"
        if "/" not in str(stream.Subtype)[1:] or not str(stream.Params.ModDate).startswith("D:"):
            yield f"{one.UF} stream"
        if int(stream.Params.Size) != len(stream.read_bytes()):
            yield f"{one.UF} size"
