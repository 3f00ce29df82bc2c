"""Who acts in the demo: one account per role, one per school, and the pool of examiners.

Every step of the road is taken by the actor of an account that holds the role for it; the system acts only where an
installation is founded (the first accounts, the first organisations) and where a job would.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from exam.accounts.actions import create_many_staff
from exam.accounts.rules import ROLE_LABELS, SYSTEM, Actor, Grant, Role, Scope
from exam.demo.record import DemoAccount
from exam.kernel.ids import spoken_secret


@dataclass(frozen=True, kw_only=True)
class Part:
    """One account to make."""

    key: str
    login: str
    name: str
    role: Role
    grants: tuple[Grant, ...]
    shown: bool = False  # printed as the role's sign-in


@dataclass
class Cast:
    """The accounts that exist, by key."""

    password: str = field(default_factory=lambda: spoken_secret(56).lower())
    actors: dict[str, Actor] = field(default_factory=dict)
    logins: dict[UUID, str] = field(default_factory=dict)
    shown: list[DemoAccount] = field(default_factory=list)

    def __getitem__(self, key: str) -> Actor:
        return self.actors[key]

    def account(self, key: str) -> UUID:
        """The account id of an actor."""
        found = self.actors[key].account_id
        assert found is not None
        return found

    async def hire(self, session: AsyncSession, parts: Sequence[Part], *, now: datetime) -> None:
        """Make the accounts; they share one password, made for this demo alone."""
        rows = [(part.login, part.name, self.password, part.grants) for part in parts]
        ids = await create_many_staff(session, SYSTEM, accounts=rows, now=now)
        for part, account_id in zip(parts, ids, strict=True):
            self.actors[part.key] = Actor(account_id, part.name, part.grants)
            self.logins[account_id] = part.login
            if part.shown:
                self.show(ROLE_LABELS[part.role], part.login, self.password)

    def show_account(self, role: Role, account_id: UUID) -> None:
        """Remember one of the pool as the sign-in of its role."""
        self.show(ROLE_LABELS[role], self.logins[account_id], self.password)

    def show(self, role: str, login: str, secret: str) -> None:
        """Remember a sign-in to print."""
        self.shown.append(DemoAccount(role=role, login=login, secret=secret))


def founders(province_code: str) -> list[Part]:
    """Those who are there before any organisation is entered."""
    province = Grant(Role.PROVINCE, Scope("province", province_code))
    return [
        Part(key="province", login="province", name="省厅 闻清和", role=Role.PROVINCE, grants=(province,), shown=True),
        Part(key="auditor", login="auditor", name="审计 纪明谦", role=Role.AUDITOR, grants=(Grant(Role.AUDITOR),), shown=True),
    ]  # fmt: skip


def office(organisations: Mapping[str, UUID], unit_code: str, province_code: str) -> list[Part]:
    """The joint exam office of the awarding organisations: who enters does not verify, who verifies does not publish."""
    everywhere = [Scope("organisation", str(organisation)) for organisation in organisations.values()]

    def part(key: str, name: str, role: Role, *, shown: bool = True) -> Part:
        return Part(
            key=key, login=key, name=name, role=role, grants=tuple(Grant(role, one) for one in everywhere), shown=shown
        )

    unit = Grant(Role.UNIT, Scope("unit", unit_code))
    inspector = Grant(Role.INSPECTOR, Scope("province", province_code))
    return [
        part("officer", "考务 江望舟", Role.EXAM_OFFICER),
        part("officer2", "考务 陆清川", Role.EXAM_OFFICER, shown=False),
        part("author", "命题 林知夏", Role.ITEM_AUTHOR),
        part("entry", "登分 邱一禾", Role.SCORE_ENTRY),
        part("entry2", "登分 谢安然", Role.SCORE_ENTRY, shown=False),
        part("entry3", "登分 温如言", Role.SCORE_ENTRY, shown=False),
        part("verifier", "复核 方以宁", Role.SCORE_VERIFIER),
        part("verifier2", "复核 苏念北", Role.SCORE_VERIFIER, shown=False),
        part("publisher", "成绩 严若谷", Role.SCORE_OFFICER),
        part("issuer", "发证 宋临川", Role.CERTIFICATE_OFFICER),
        part("issuer2", "发证 顾言蹊", Role.CERTIFICATE_OFFICER),
        Part(key="unit", login="unit", name="市州 何采薇", role=Role.UNIT, grants=(unit,), shown=True),
        Part(
            key="inspector", login="inspector", name="巡考 卫昭", role=Role.INSPECTOR, grants=(inspector,), shown=True
        ),
    ]
