"""Where a registration goes next of itself: what acceptance, consent and the payer together decide (3.4, D06, D07, D14)."""

from exam.kernel.errors import N_, Conflict
from exam.registration.rules.records import Payer
from exam.registration.rules.status import RegistrationStatus


class NotReady(Conflict):
    message = N_("有 %(count)s 名考生缺少%(what)s，不能通过审核。")
    way_out = N_("请先补齐，或退回这些报名。")


def acceptance(*, consent: bool, payer: Payer) -> tuple[RegistrationStatus, ...]:
    """The steps of an acceptance: with consent on record it goes on at once, and with a waiver nobody has to pay."""
    steps = [RegistrationStatus.ACCEPTED]
    if consent:
        steps.append(RegistrationStatus.CONSENT_CONFIRMED)
        if payer is Payer.WAIVED:
            steps.append(RegistrationStatus.WAIVED)
    return tuple(steps)


def paid_status(payer: Payer) -> RegistrationStatus:
    """The status that a settled fee leads to."""
    return {
        Payer.INSTITUTION: RegistrationStatus.INSTITUTION_PAID,
        Payer.SELF: RegistrationStatus.SELF_PAID,
        Payer.WAIVED: RegistrationStatus.WAIVED,
    }[payer]
