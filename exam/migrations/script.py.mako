"""${message}

Say what changes and why, and what a running system sees meanwhile: add columns nullable or with a default, build
indexes CONCURRENTLY in a version of their own, fill data in batches, drop only what no running code reads any more.
"""

import sqlalchemy as sa
from alembic import op

revision = ${repr(up_revision)}
down_revision = ${repr(down_revision)}
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Go forward."""
    ${upgrades if upgrades else "raise NotImplementedError"}
