"""Hours of duty: the page and its workbook (D15)."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Any

from litestar import Response, get
from litestar.params import QueryParameter

from exam.accounts.guards import AppRequest, AppServices, actor_of, needs
from exam.accounts.rules import Permission
from exam.kernel.clock import china_date
from exam.kernel.errors import Refusal
from exam.kernel.ids import id_of
from exam.kernel.pages import file_response, page, status_of
from exam.kernel.services import Services
from exam.sittings.rules import DUTY_LABELS
from scheduling.workload import documents, queries
from scheduling.workload.rules import PeriodWrong, hours

READERS = (Permission.ROSTER_IMPORT, Permission.PLAN_MANAGE)
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
Day = Annotated[str, QueryParameter(max_length=10)]
Id = Annotated[str, QueryParameter(max_length=36)]


@get("/scheduling/workload", guards=[needs(*READERS)])
async def workload_page(
    request: AppRequest, services: AppServices, institution: Id = "", first: Day = "", last: Day = ""
) -> Response[Any]:
    """Show hours of duty per person."""
    refusal: Refusal | None = None
    try:
        found = await _found(request, services, institution, first, last)
    except PeriodWrong as wrong:
        refusal, found = wrong, await _found(request, services, institution, "", "")
    return page(
        request, "pages/scheduling/workload/workload.html", status=status_of(refusal) if refusal else 200, found=found,
        refusal=refusal, duty_labels=DUTY_LABELS, hours=hours,
    )  # fmt: skip


@get("/scheduling/workload/hours.xlsx", guards=[needs(*READERS)])
async def workload_book(
    request: AppRequest, services: AppServices, institution: Id = "", first: Day = "", last: Day = ""
) -> Response[bytes]:
    """Hand the workbook over."""
    found = await _found(request, services, institution, first, last)
    name = found.institution.code if found.institution else "all"
    return file_response(documents.hours_book(found), XLSX, f"监考考评时数-{name}-{found.first}-{found.last}.xlsx")


async def _found(request: AppRequest, services: Services, institution: str, first: str, last: str) -> queries.Workload:
    """Without a period: from New Year to today."""
    today = china_date(services.clock.now())
    begin, end = _day(first) or date(today.year, 1, 1), _day(last) or today
    async with services.db.transaction() as session:
        return await queries.workload(
            session, actor_of(request), first=begin, last=end, institution_id=id_of(institution)
        )


def _day(words: str) -> date | None:
    try:
        return date.fromisoformat(words)
    except ValueError:
        return None


ROUTES = [workload_page, workload_book]
