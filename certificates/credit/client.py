"""The credit bank behind its port: the same line as the platform's (docs/formats/platform.md), other messages."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from certificates.platform.client import Line, PlatformDown, line_of
from exam.kernel.services import Services


class CreditBank:
    """What our side asks of the bank; raises PlatformDown, PlatformRefused as the platform's client does."""

    def __init__(self, line: Line) -> None:
        self._line = line

    async def propose(self, proposal: Mapping[str, Any]) -> None:
        """Hand in a proposal; the same version again changes nothing."""
        answer = await self._line.call("POST", "/credits/types", json=dict(proposal))
        if "status" not in answer:
            raise PlatformDown("credits: no status")

    async def types(self, wanted: Sequence[tuple[str, str]]) -> list[Mapping[str, Any]]:
        """What became of proposals, by certificate code and level."""
        body = {"types": [{"certificate_code": code, "level": level} for code, level in wanted]}
        return _rows(await self._line.call("POST", "/credits/types/query", json=body), "types")

    async def states(self, numbers: Sequence[str]) -> list[Mapping[str, Any]]:
        """Where the holders of certificates stand."""
        return _rows(await self._line.call("POST", "/credits/states", json={"numbers": list(numbers)}), "states")

    async def converted(self, key: str, decision: Mapping[str, Any]) -> bool:
        """Tell a school's decision under its key; says whether the bank took it."""
        headers = {"Idempotency-Key": key}
        answer = await self._line.call("POST", "/credits/conversions", json=dict(decision), headers=headers)
        return answer.get("accepted") is True

    async def withdraw(self, number: str, reason: str) -> bool:
        """Tell that a certificate was revoked; says whether the bank took it."""
        answer = await self._line.call("POST", "/credits/withdrawals", json={"number": number, "reason": reason})
        return answer.get("accepted") is True

    async def withdrawn(self, numbers: Sequence[str]) -> tuple[list[str], list[str]]:
        """Which certificates the bank knows as revoked, and which it says that it does not."""
        answer = await self._line.call("POST", "/credits/withdrawals/query", json={"numbers": list(numbers)})
        known, unknown = answer.get("withdrawn"), answer.get("unknown")
        if not isinstance(known, list) or not isinstance(unknown, list):
            raise PlatformDown("credits: withdrawn")
        return [one for one in numbers if one in known and one not in unknown], [
            one for one in numbers if one in unknown and one not in known
        ]


def _rows(answer: Mapping[str, Any], name: str) -> list[Mapping[str, Any]]:
    found = answer.get(name)
    if not isinstance(found, list) or not all(isinstance(row, dict) for row in found):
        raise PlatformDown(f"credits: {name}")
    return found


def bank_of(services: Services) -> CreditBank:
    """The credit bank of this installation."""
    return CreditBank(line_of(services))
