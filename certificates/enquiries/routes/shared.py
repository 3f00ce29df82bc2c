"""What lists and programs share: whose key it is. Wrong keys are limited per client, like the public's questions."""

from __future__ import annotations

from certificates.enquiries import queries
from certificates.enquiries.rules.keys import Caller, KeyRefused
from certificates.verification.routes.shared import count
from exam.accounts.guards import AppRequest
from exam.kernel.services import Services


async def caller_of(request: AppRequest, services: Services, key: str) -> Caller:
    """Who asks; raises `KeyRefused`, and after many wrong keys `AskedTooOften`."""
    found = await queries.caller(services.db, services.vault, key, services.clock.now())
    if found is None:
        count(request, services)
        raise KeyRefused
    return found
