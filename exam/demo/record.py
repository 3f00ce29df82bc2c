"""What the demo leaves behind in the home: who may sign in, and which demo stands (``<home>/demo.json``).

The sign-in page shows these accounts. The file exists for a demo only; an installation that examines real people has
none. It is removed before a demo is built and written when the demo is whole.
"""

import json
import os
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

FILE = "demo.json"


@dataclass(frozen=True, kw_only=True)
class DemoAccount:
    """One sign-in."""

    role: str  # msgid
    login: str
    secret: str


@dataclass(frozen=True, kw_only=True)
class DemoRecord:
    """A finished demo."""

    candidates: int
    seed: int
    base_url: str
    certificate_url: str
    accounts: tuple[DemoAccount, ...]

    def fits(self, candidates: int, seed: int) -> bool:
        """Say whether this is the demo that is asked for."""
        return (self.candidates, self.seed) == (candidates, seed)

    def as_json(self) -> dict[str, Any]:
        """The file's form."""
        accounts = [{"role": one.role, "login": one.login, "password": one.secret} for one in self.accounts]
        return {**asdict(self), "accounts": accounts}


def read_record(home: Path) -> DemoRecord | None:
    """The finished demo of this home, None when there is none."""
    path = home / FILE
    if not path.exists():
        return None
    data = json.loads(path.read_text(encoding="utf-8"))
    accounts = tuple(
        DemoAccount(role=one["role"], login=one["login"], secret=one["password"]) for one in data.pop("accounts")
    )
    return DemoRecord(**data, accounts=accounts)


def write_record(home: Path, record: DemoRecord) -> None:
    """Keep the record, readable by the owner alone."""
    path = home / FILE
    text = json.dumps(record.as_json(), ensure_ascii=False, indent=2)
    with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as file:
        file.write(text + "\n")
