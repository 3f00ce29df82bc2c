"""The edge of enquiries.

office  officers let organisations in, give keys and end them
lists   an organisation checks a list with its key
api     a program checks with its key; the OpenAPI document
"""

from certificates.enquiries.routes import api, lists, office

ROUTES = [*office.ROUTES, *lists.ROUTES, *api.ROUTES]
