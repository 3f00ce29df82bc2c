"""Pages of what-ifs: ask and compare, pictures of a plan, a session moved by hand."""

from scheduling.forks.routes import moving, pictures, whatif

ROUTES = [*whatif.ROUTES, *pictures.ROUTES, *moving.ROUTES]
