"""Pages of marking: the assessor's stations and sheets, the lead's, previews of drafts, and the office's progress, entry and verification."""

from scoring.marking.routes import lead, office, previews, sheets

ROUTES = [*sheets.ROUTES, *lead.ROUTES, *office.ROUTES, *previews.ROUTES]
