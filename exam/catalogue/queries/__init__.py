"""Reads of the catalogue: organisations, certificates, schemes with their components, and drafts of schemes."""

from exam.catalogue.queries.drafts import (
    SchemeDraft,
    draft,
    draft_record,
    open_draft,
    open_drafts,
)
from exam.catalogue.queries.reading import (
    SchemeNotFound,
    cancelled_titles,
    certificates,
    definition,
    needs,
    newest,
    organisations,
    pass_rule,
    scheme,
    scheme_by_code,
    scheme_of_component,
    schemes,
    versions,
)

__all__ = [
    "SchemeDraft",
    "SchemeNotFound",
    "cancelled_titles",
    "certificates",
    "definition",
    "draft",
    "draft_record",
    "needs",
    "newest",
    "open_draft",
    "open_drafts",
    "organisations",
    "pass_rule",
    "scheme",
    "scheme_by_code",
    "scheme_of_component",
    "schemes",
    "versions",
]
