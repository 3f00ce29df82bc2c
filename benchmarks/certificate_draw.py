"""Drawing and signing certificates with everything inside: the cases `draw` and `pictures` of :mod:`benchmarks.certificates`.

`draw`: 1,000 invented people (short and very long names, the longest certificate names, marks) with a photo, three
associated files of the usual size and the signature. `cpu_ms` is the CPU time of one, drawn and signed; `bytes` the
largest file. The same template is drawn plainly by WeasyPrint in the same run (`plain_ms`), and by WeasyPrint as PDF/A-3a
with the same files and signed by pyHanko (`conforming_ms`), on fewer pages: `plain_pages`. Compiling the shapes is
left out and told: `shapes`, `compile_seconds`. `slower`: how many of them WeasyPrint had to draw.

`pictures`: 200 random people drawn both ways and compared at 100 dpi. `worst` is the largest share of pixels that differ by
more than 96 of 255, `other` how many certificates have more than 0.1% of them, `equal` how many none, `millimetres` at what height from the top
of the sheet pixels differ in any of them.
"""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import pypdfium2

from certificates.issuing.documents import drawing
from certificates.issuing.documents.drawing import Intent, drawn
from certificates.issuing.documents.press import shape_of
from certificates.issuing.documents.samples import PDFIUM
from certificates.issuing.rules.signature import examine
from certificates.issuing.signer import roots, sign, signer_of
from exam.kernel import pdf
from exam.kernel.settings import TREE, Settings
from tests.certificates.issuing.documents.people import WORST, Studio, intent_of, person
from tests.exam.kernel.print_home import link_fonts

COUNT: Final = 1_000
PLAIN: Final = 24
PEOPLE: Final = 200
SEED: Final = 20260516
FAR: Final = 96
DPI: Final = 100
OTHER: Final = 0.001


def draw() -> dict[str, Any]:
    """Run the case and return its figures."""
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder) / "home"
        link_fonts(home)
        settings = Settings(home=home)
        signer = signer_of(settings)
        intents = _intents(COUNT)
        studio = Studio(home)
        begun = time.perf_counter()
        shapes = _warm(intents, studio)
        compiled = time.perf_counter() - begun
        files: list[bytes] = []
        slower = 0
        cpu = time.process_time()
        for serial, intent in enumerate(intents):
            made = drawn(intent, **studio.arguments(serial))
            slower += bool(made.reason)
            files.append(sign(made.data, signer))
        each = (time.process_time() - cpu) / COUNT * 1000
        trusted = roots(settings)
        if not all(examine(data, trusted).accepted for data in files[:: COUNT // 20]):
            raise RuntimeError("a certificate is not accepted")
        plain = _plain(home)
    return {
        "certificates": COUNT,
        "times_plain": round(plain["plain_ms"] / each, 1),
        "times_conforming": round(plain["conforming_ms"] / each, 1),
        "cpu_ms": round(each, 2),
        "bytes": max(map(len, files)),
        "bytes_mean": sum(map(len, files)) // COUNT,
        "plain_ms": round(plain["plain_ms"]),
        "conforming_ms": round(plain["conforming_ms"]),
        "plain_pages": PLAIN,
        "slower": slower,
        "shapes": shapes,
        "compile_seconds": round(compiled, 1),
    }


def pictures() -> dict[str, Any]:
    """Draw people both ways, two at a time, and compare what is seen."""
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder) / "home"
        link_fonts(home)
        studio = Studio(home)
        intents = _intents(PEOPLE)
        _warm(intents, studio)
        with ThreadPoolExecutor(2) as threads:
            found = list(threads.map(lambda one: _compared(one[0], one[1], studio), enumerate(intents)))
    shares = [one.share for one in found]
    return {
        "people": PEOPLE,
        "other": sum(share > OTHER for share in shares),
        "worst": round(max(shares), 5),
        "mean": round(sum(shares) / PEOPLE, 5),
        "equal": sum(share == 0 for share in shares),
        "millimetres": sorted({place for one in found for place in one.millimetres}),
        "slower": sum(one.slower for one in found),
    }


@dataclass(frozen=True)
class Compared:
    """One person drawn both ways: the share of pixels that differ, at which millimetres from the top, by which way the first."""

    share: float
    millimetres: tuple[int, ...]
    slower: bool


def _compared(serial: int, intent: Intent, studio: Studio) -> Compared:
    known = studio.arguments(serial)
    made = drawn(intent, **known)
    address = f"{known.pop('base_url')}/v/{intent.token}"
    other = drawing._by_weasyprint(drawing._Work(intent, address=address, **known))
    far = np.abs(_raster(made.data) - _raster(other)) > FAR
    rows = np.flatnonzero(far.any(axis=1)) * 25.4 / DPI
    return Compared(float(far.mean()), tuple(sorted({int(row) for row in rows})), bool(made.reason))


def _intents(count: int) -> list[Intent]:
    chance = random.Random(f"{SEED} people")
    return [intent_of(person(chance) if serial >= len(WORST) else WORST[serial], serial) for serial in range(count)]


def _warm(intents: Sequence[Intent], studio: Studio) -> int:
    """Draw one of each shape; how many there are."""
    seen: set[str] = set()
    for serial, intent in enumerate(intents):
        context = drawing.context_of(intent.face, intent.number, intent.id_number, "a")
        shape, _ = shape_of(intent.template, context)
        if shape not in seen:
            seen.add(shape)
            drawn(intent, **studio.arguments(serial))
        drawing.prepare_static(intent.face.organisation_name_zh, studio.home)
    for serial in range(48):
        studio.arguments(serial)
    return len(seen)


def _plain(home: Path) -> dict[str, float]:
    folder = (home / "fonts").resolve()
    env = {**os.environ, "FONTCONFIG_FILE": str(pdf._font_config(folder)), "KAOWU_HOME": str(home)}
    command = [sys.executable, "-m", "benchmarks.certificate_plain", str(home), str(PLAIN)]
    said = subprocess.run(command, cwd=TREE, env=env, capture_output=True, text=True, check=True).stdout
    found: dict[str, float] = json.loads(said.splitlines()[-1])
    return found


def _raster(data: bytes) -> Any:
    """The page in grey at 100 dpi, as PDFium shows it."""
    with PDFIUM:
        document = pypdfium2.PdfDocument(data)
        try:
            seen = document[0].render(scale=DPI / 72, grayscale=True).to_numpy()
            return seen.reshape(seen.shape[:2]).astype(np.int16)
        finally:
            document.close()
