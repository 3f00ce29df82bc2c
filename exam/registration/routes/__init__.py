"""Pages of registration: batches, rosters, candidates, places."""

from exam.registration.routes import accommodations, batches, candidates, entries, places, rosters

ROUTES = [
    *batches.ROUTES,
    *rosters.ROUTES,
    *candidates.ROUTES,
    *accommodations.ROUTES,
    *entries.ROUTES,
    *places.ROUTES,
]
