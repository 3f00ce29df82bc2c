"""The doors of tablets, which no cookie opens, and the pages of those who run a site."""

from scoring.tablets.routes import app, badges, doors, evidence, fleet, imports, keying, ledger

ROUTES = [
    *app.ROUTES,
    *doors.ROUTES,
    *fleet.ROUTES,
    *badges.ROUTES,
    *evidence.ROUTES,
    *ledger.ROUTES,
    *imports.ROUTES,
    *keying.ROUTES,
]
