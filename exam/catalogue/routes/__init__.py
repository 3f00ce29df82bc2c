"""Pages of the catalogue: certificates and schemes to read, publication from a file, drafts with the sheet editor."""

from exam.catalogue.routes import catalogue, drafts

ROUTES = [*catalogue.ROUTES, *drafts.ROUTES]
