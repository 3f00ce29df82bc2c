"""The parts an edge needs to work: settings, database, vault, file store and clock, made once per process."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace

from exam.kernel.clock import Clock
from exam.kernel.crypto import Vault
from exam.kernel.db import Database
from exam.kernel.files import DiskStore, FileStore
from exam.kernel.objects import s3_store
from exam.kernel.settings import Settings


@dataclass(frozen=True, kw_only=True)
class Services:
    """What routes, jobs and commands are given; actions get single parts of it."""

    settings: Settings
    db: Database
    vault: Vault
    files: FileStore
    clock: Clock = field(default_factory=Clock)

    def at(self, clock: Clock) -> "Services":
        """Return the same services under another clock."""
        return replace(self, clock=clock)


def make_services(settings: Settings, *, clock: Clock | None = None, pool_size: int = 10) -> Services:
    """Make the services of an installation whose database already runs (``settings.database_url``)."""
    return Services(
        settings=settings,
        db=Database(settings.database_url, pool_size=pool_size),
        vault=Vault.open_or_create(settings.keys),
        files=store_of(settings),
        clock=clock or Clock(),
    )


def store_of(settings: Settings) -> FileStore:
    """Where an installation keeps its bytes: its own folder, or the bucket of ``KAOWU_STORE``."""
    near = DiskStore(settings.files)
    return s3_store(settings.store, near) if settings.store else near


@asynccontextmanager
async def services_of(settings: Settings) -> AsyncIterator[Services]:
    """Make services and close their connections at the end."""
    services = make_services(settings)
    try:
        yield services
    finally:
        await services.db.dispose()
