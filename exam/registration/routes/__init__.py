"""Pages of registration: batches, rosters, candidates, places."""

from exam.registration.routes import batches, candidates, entries, places, rosters

ROUTES = [*batches.ROUTES, *rosters.ROUTES, *candidates.ROUTES, *entries.ROUTES, *places.ROUTES]
