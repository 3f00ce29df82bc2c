"""Pages of registration: batches, rosters, candidates, places."""

from exam.registration.routes import batches, candidates, places, rosters

ROUTES = [*batches.ROUTES, *rosters.ROUTES, *candidates.ROUTES, *places.ROUTES]
