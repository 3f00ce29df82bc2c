"""C2SP tlog-policy: whose signatures make a checkpoint good. Logs and witnesses by key, groups, and one quorum."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Final

from certificates.ledger.rules.notes import BadNote, Kind, Note, Signature, Verifier, signers, verifier_named

NONE: Final = "none"


class BadPolicy(ValueError):
    """The policy file is not one; its text names the line."""


@dataclass(frozen=True)
class Witness:
    """A witness as a policy names it."""

    name: str
    verifier: Verifier
    url: str = ""


@dataclass(frozen=True)
class Group:
    """So many of these members, which are witnesses or groups."""

    name: str
    least: int
    members: tuple[str, ...]


@dataclass(frozen=True)
class Policy:
    """What a reader wants to see under a checkpoint."""

    logs: tuple[Verifier, ...] = ()
    witnesses: tuple[Witness, ...] = ()
    groups: tuple[Group, ...] = ()
    quorum: str = NONE

    def met(self, cosigned: Collection[Verifier]) -> bool:
        """Say whether these cosigners are enough."""
        if self.quorum == NONE:
            return True
        reached = {one.name for one in self.witnesses if one.verifier in cosigned}
        for group in self.groups:  # a group names only what stands before it
            if sum(member in reached for member in group.members) >= group.least:
                reached.add(group.name)
        return self.quorum in reached

    @property
    def least(self) -> int:
        """How many cosignatures the quorum takes at least; 0 without one."""
        if self.quorum == NONE:
            return 0
        needed = {one.name: 1 for one in self.witnesses}
        for group in self.groups:
            needed[group.name] = sum(sorted(needed[member] for member in group.members)[: group.least])
        return needed[self.quorum]

    def cosigners(self, note: Note) -> dict[Verifier, Signature]:
        """The witnesses that cosigned; raises `BadNote` for a line of theirs that does not hold."""
        return signers(note, [one.verifier for one in self.witnesses])


def read_policy(text: str) -> Policy:
    """Read a policy; raises `BadPolicy` with the line."""
    logs: list[Verifier] = []
    witnesses: list[Witness] = []
    groups: list[Group] = []
    quorums: list[str] = []
    for at, line in enumerate(text.split("\n"), start=1):
        words = line.split()
        if not words or words[0].startswith("#"):
            continue
        try:
            match words:
                case ["log", vkey, *rest] if len(rest) <= 1:
                    logs.append(_key(vkey, Kind.ED25519, [*logs]))
                case ["witness", name, vkey, *rest] if len(rest) <= 1:
                    _new(name, witnesses, groups)
                    key = _key(vkey, Kind.COSIGNATURE, [one.verifier for one in witnesses])
                    witnesses.append(Witness(name, key, rest[0].rstrip("/") if rest else ""))
                case ["group", name, least, *members] if members:
                    _new(name, witnesses, groups)
                    groups.append(_group(name, least, members, _names(witnesses, groups)))
                case ["quorum", name] if name == NONE or name in _names(witnesses, groups):
                    quorums.append(name)
                case _:
                    raise BadPolicy("not understood")
        except (BadNote, BadPolicy) as error:
            raise BadPolicy(f"line {at}: {error}") from error
    if len(quorums) != 1:
        raise BadPolicy("exactly one quorum line is needed")
    return Policy(tuple(logs), tuple(witnesses), tuple(groups), quorums[0])


def _key(vkey: str, kind: Kind, known: Sequence[Verifier]) -> Verifier:
    verifier = verifier_named(vkey)
    if verifier.kind is not kind:
        raise BadPolicy(f"the key of {verifier.name} is of another kind")
    if any(one.key == verifier.key for one in known):
        raise BadPolicy(f"the key of {verifier.name} stands twice")
    return verifier


def _new(name: str, witnesses: Sequence[Witness], groups: Sequence[Group]) -> None:
    if name == NONE or name in _names(witnesses, groups):
        raise BadPolicy(f"the name {name} is taken")


def _names(witnesses: Sequence[Witness], groups: Sequence[Group]) -> set[str]:
    return {one.name for one in witnesses} | {one.name for one in groups}


def _group(name: str, least: str, members: Sequence[str], known: Collection[str]) -> Group:
    count = {"all": len(members), "any": 1}.get(least) or (int(least) if least.isdecimal() else 0)
    unknown = [one for one in members if one not in known]
    if unknown or not 1 <= count <= len(members) or len(set(members)) != len(members):
        raise BadPolicy(f"group {name} asks for {least} of {', '.join(members)}")
    return Group(name, count, tuple(members))


def written(policy: Policy) -> str:
    """The policy as a file."""
    lines = [f"log {one.vkey}" for one in policy.logs]
    lines += [f"witness {one.name} {one.verifier.vkey} {one.url}".rstrip() for one in policy.witnesses]
    lines += [f"group {one.name} {one.least} {' '.join(one.members)}" for one in policy.groups]
    return "\n".join([*lines, f"quorum {policy.quorum}", ""])
