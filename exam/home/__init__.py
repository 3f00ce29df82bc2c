"""First pages and the bar's places: wiring over the queries of all four packages, with no rule of its own."""

from exam.home import entering, routes
from exam.home.places import navigation

ROUTES = [*routes.ROUTES, *entering.ROUTES]

__all__ = ["ROUTES", "navigation"]
