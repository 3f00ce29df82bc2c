"""Pages after publication: a loss is told, a repair decided, what it needs prepared and printed; versions and their states."""

from scheduling.repairs.routes import deciding, supplying

ROUTES = [*deciding.ROUTES, *supplying.ROUTES]

__all__ = ["ROUTES"]
