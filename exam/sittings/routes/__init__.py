"""Pages of the exam day: the rooms of a day, one room, one candidate at the site, incidents, and the candidate's own page."""

from exam.sittings.routes import candidates, incidents, mine, rooms, steps

ROUTES = [*rooms.ROUTES, *steps.ROUTES, *candidates.ROUTES, *incidents.ROUTES, *mine.ROUTES]
