"""One linear history of the schema, brought forward by :func:`upgrade`.

The first version is the drafted SQL of all models (`exam.migrations.draft` writes it); every later one is a change
written by hand. The tables of the job queue belong to pgqueuer and are left alone by comparisons.
"""

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory

FOLDER = Path(__file__).parent


def upgrade(database_url: str) -> str:
    """Bring a database to the newest version and return its number; two processes may ask at the same time."""
    config = configuration(database_url)
    command.upgrade(config, "head")
    return head(config)


def head(config: Config | None = None) -> str:
    """Return the newest version; there is exactly one."""
    return ScriptDirectory.from_config(config or configuration("")).get_current_head() or ""


def configuration(database_url: str) -> Config:
    """Return Alembic's configuration for a database, without any file."""
    config = Config()
    config.set_main_option("script_location", str(FOLDER).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    config.attributes["database_url"] = database_url
    return config
