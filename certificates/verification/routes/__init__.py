"""The edge of verification.

public       the public's questions: by number and name, by QR code, by file
holder       the holder's own certificates
offline      the page that checks a file without a server
credentials  the issuer's keys and the status of credentials, for programs
"""

from certificates.verification.routes import credentials, holder, offline, public
from certificates.verification.routes.shared import limiters as _limiters

__all__ = ["ROUTES", "_limiters"]

ROUTES = [*public.ROUTES, *holder.ROUTES, *credentials.ROUTES, *offline.ROUTES]
