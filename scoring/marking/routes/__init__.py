"""Pages of marking: the assessor's stations and sheets, and the office's progress, entry and verification."""

from scoring.marking.routes import office, sheets

ROUTES = [*sheets.ROUTES, *office.ROUTES]
