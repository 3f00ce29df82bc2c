"""An empty database is enough here: nothing of the road that the neighbours' tests have walked."""

from tests.conftest import clock as clock
from tests.conftest import db as db
from tests.conftest import home as home
