"""Every table of the system: imports each folder's models so that ``Base.metadata`` is whole."""

import importlib
import warnings
from pathlib import Path

from sqlalchemy import MetaData, Uuid
from sqlalchemy.exc import NoReferencedTableError
from sqlalchemy.schema import ForeignKeyConstraint
from sqlalchemy.types import NullType

from exam.kernel import audit
from exam.kernel.db import Base
from exam.kernel.settings import TREE

KERNEL = (audit,)
ROAD = (
    "exam/accounts", "exam/catalogue", "exam/registration", "exam/papers", "exam/sittings", "exam/delivery",
    "scheduling/*", "scoring/*", "certificates/*",
)  # fmt: skip
"""In the order of the road: a key that points at a key takes its type from a table that is already there."""


def all_models() -> MetaData:
    """Return the metadata of all tables, those of folders that do not load yet left out with a warning."""
    for folder in ROAD:
        for path in sorted(TREE.glob(f"{folder}/models.py")):
            _load(path)
    _drop_dangling_keys()
    return Base.metadata


def _load(path: Path) -> None:
    name = ".".join(path.relative_to(TREE).with_suffix("").parts)
    try:
        importlib.import_module(name)  # noqa: TID251 - until all folders have landed
    except Exception as error:  # noqa: BLE001 - until all folders have landed
        warnings.warn(f"{name} does not load: {error}", stacklevel=2)


def _drop_dangling_keys() -> None:
    for table in Base.metadata.tables.values():
        for constraint in [c for c in table.constraints if isinstance(c, ForeignKeyConstraint)]:
            try:
                [element.column for element in constraint.elements]
            except NoReferencedTableError as error:
                warnings.warn(str(error), stacklevel=2)
                table.constraints.discard(constraint)
                for column in constraint.columns:
                    if isinstance(column.type, NullType):
                        column.type = Uuid()
