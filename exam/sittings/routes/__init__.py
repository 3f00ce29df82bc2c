"""Pages of the exam day: the rooms of a day, one room, one candidate at the site, incidents, and the candidate's own page."""

from exam.sittings.routes import candidates, incidents, mine, rooms, stations, steps

ROUTES = [*rooms.ROUTES, *steps.ROUTES, *stations.ROUTES, *candidates.ROUTES, *incidents.ROUTES, *mine.ROUTES]
