"""Pages of the sites: coverage, places, applications."""

from scheduling.sites.routes import approvals, coverage, places

ROUTES = [*coverage.ROUTES, *places.ROUTES, *approvals.ROUTES]
