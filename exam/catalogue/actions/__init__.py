"""The verbs of the catalogue: enter, publish, and drafts that a second person approves."""

from exam.catalogue.actions.drafts import (
    approve_draft,
    discard_draft,
    needs_second_person,
    rebase_draft,
    return_draft,
    save_draft_sheet,
    start_draft,
    submit_draft,
    submit_file,
)
from exam.catalogue.actions.publishing import (
    BadName,
    CodeTaken,
    LevelNotOffered,
    NoLevels,
    UnknownCertificate,
    add_certificate,
    add_organisation,
    cancel_title,
    publish_scheme,
)

__all__ = [
    "BadName",
    "CodeTaken",
    "LevelNotOffered",
    "NoLevels",
    "UnknownCertificate",
    "add_certificate",
    "add_organisation",
    "approve_draft",
    "cancel_title",
    "discard_draft",
    "needs_second_person",
    "publish_scheme",
    "rebase_draft",
    "return_draft",
    "save_draft_sheet",
    "start_draft",
    "submit_draft",
    "submit_file",
]
