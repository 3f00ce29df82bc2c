"""Pages of the timetable: arrangements, what is printed of them, and the long work behind both."""

from scheduling.timetable.routes import pins, plans, prints, reasons, runs

ROUTES = [*plans.ROUTES, *pins.ROUTES, *reasons.ROUTES, *prints.ROUTES, *runs.ROUTES]
