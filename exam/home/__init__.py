"""First pages and the bar's places: wiring over the queries of all four packages, with no rule of its own."""

from exam.home.places import navigation
from exam.home.routes import ROUTES

__all__ = ["ROUTES", "navigation"]
