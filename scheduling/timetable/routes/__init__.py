"""Pages of the timetable: arrangements, what is printed of them, and the long work behind both."""

from scheduling.timetable.routes import plans, prints, runs

ROUTES = [*plans.ROUTES, *prints.ROUTES, *runs.ROUTES]
