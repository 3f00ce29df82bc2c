"""``report.json``: what the batch came to, counted in the database, and what it cost (docs/formats/report.md)."""

from pathlib import Path

from exam.demo.memory import PeakMemory
from exam.demo.progress import Progress
from exam.demo.road import Result
from exam.kernel.services import Services


async def write_report(
    services: Services, result: Result, progress: Progress, out: Path, peak: PeakMemory
) -> None:
    """Count and write."""
