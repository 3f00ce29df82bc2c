"""Writes the first schema's SQL from the models: ``python -m exam.migrations.draft``.

Only for as long as no installation exists that must be kept: afterwards a change is a version of its own.
"""

import sys
from collections.abc import Iterator
from itertools import groupby
from typing import Any

from sqlalchemy import create_mock_engine
from sqlalchemy.schema import CreateSchema

from exam.kernel.db import EXTENSIONS, SCHEMAS
from exam.kernel.jobs import tables_sql
from exam.migrations import FOLDER
from exam.migrations.models import all_models

TARGET = FOLDER / "versions" / "0001_first_schema.sql"


def draft() -> str:
    """Return the whole schema as one SQL script: extensions, schemas, tables in order of dependency, the queue."""
    parts = [
        "-- Drafted from the models by `python -m exam.migrations.draft`; do not edit.",
        *(f"CREATE EXTENSION IF NOT EXISTS {extension};" for extension in EXTENSIONS),
        *_statements(),
        "-- ---------------------------------------------------------------- the job queue (pgqueuer's own tables)",
        tables_sql().strip(),
    ]
    return "\n\n".join(parts) + "\n"


def _statements() -> Iterator[str]:
    """Compile what ``create_all`` would run, each distinct statement once."""
    seen: list[str] = []

    def note(statement: Any, *_: Any, **__: Any) -> None:
        text = str(statement.compile(dialect=engine.dialect)).strip().replace("\t", "    ")
        text = "\n".join(line.rstrip() for line in text.splitlines())
        if text not in seen:
            seen.append(text)

    engine = create_mock_engine("postgresql+asyncpg://", note)
    for schema in SCHEMAS:
        note(CreateSchema(schema, if_not_exists=True))
    metadata = all_models()
    metadata.create_all(engine, tables=metadata.sorted_tables, checkfirst=False)  # not in order of import
    for is_index, run in groupby(seen, lambda text: text.startswith(("CREATE INDEX", "CREATE UNIQUE INDEX"))):
        # a table's indexes are a set: sorted, two drafts are equal
        yield from (f"{text};" for text in (sorted(run) if is_index else run))


def main() -> None:
    """Write the file, or with ``--check`` only say whether it is up to date."""
    text = draft()
    if "--check" in sys.argv[1:]:
        sys.exit(0 if TARGET.exists() and TARGET.read_text("utf-8") == text else f"{TARGET.name} is out of date")
    TARGET.write_text(text, "utf-8")
    print(f"{TARGET.name}: {text.count('CREATE TABLE')} tables")


if __name__ == "__main__":
    main()
