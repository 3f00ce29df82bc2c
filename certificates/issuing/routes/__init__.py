"""Pages of the certificate officer: batches and their release, the stop switch, the list, one certificate and its deeds."""

from certificates.issuing.routes import batches, certificates

ROUTES = [*certificates.ROUTES, *batches.ROUTES]
