"""Every table of the system: names each folder's models, so that the metadata is whole wherever it is asked for."""

from types import ModuleType

from sqlalchemy import MetaData

from certificates.archive import models as archive
from certificates.credit import models as credit
from certificates.designs import models as designs
from certificates.enquiries import models as enquiries
from certificates.handover import models as handover
from certificates.issuing import models as issuing
from certificates.keys import models as keys
from certificates.ledger import models as ledger
from certificates.nightly import models as nightly
from certificates.packs import models as packs
from certificates.platform import models as platform
from certificates.printing import models as printing
from certificates.registry import models as registry
from certificates.sharing import models as sharing
from exam.accounts import models as accounts
from exam.catalogue import models as catalogue
from exam.delivery import models as delivery
from exam.deployment import models as deployment
from exam.faults import models as faults
from exam.kernel import audit
from exam.kernel.db import Base
from exam.papers import models as papers
from exam.registration import models as registration
from exam.rehearsal import models as rehearsal
from exam.signals import models as signals
from exam.sittings import models as sittings
from scheduling.duties import models as duties
from scheduling.feeds import models as feeds
from scheduling.forks import models as forks
from scheduling.norms import models as norms
from scheduling.repairs import models as repairs
from scheduling.sites import models as sites
from scheduling.timetable import models as timetable
from scoring.marking import models as marking
from scoring.outcomes import models as outcomes
from scoring.reviews import models as reviews
from scoring.tablets import models as tablets

MODELS: tuple[ModuleType, ...] = (
    audit,
    accounts,
    catalogue,
    registration,
    papers,
    sittings,
    signals,
    deployment,
    faults,
    rehearsal,
    delivery,
    sites,
    timetable,
    duties,
    feeds,
    forks,
    norms,
    repairs,
    marking,
    outcomes,
    reviews,
    tablets,
    keys,
    designs,
    issuing,
    archive,
    printing,
    packs,
    handover,
    ledger,
    nightly,
    platform,
    registry,
    credit,
    sharing,
    enquiries,
)


def all_models() -> MetaData:
    """Return the metadata of all tables."""
    return Base.metadata
