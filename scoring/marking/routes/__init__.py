"""Pages of marking: the assessor's stations and sheets, the lead's, and the office's progress, entry and verification."""

from scoring.marking.routes import lead, office, sheets

ROUTES = [*sheets.ROUTES, *lead.ROUTES, *office.ROUTES]
