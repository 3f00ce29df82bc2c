"""The doors of tablets, which no cookie opens, and the pages of those who run a site."""

from scoring.tablets.routes import app, doors

ROUTES = [*app.ROUTES, *doors.ROUTES]
