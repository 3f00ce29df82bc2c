"""Members of society who register in person for the batch that takes registrations: one waits for the check, one came back."""

from datetime import date, datetime, timedelta
from uuid import UUID

from exam.demo import photos
from exam.demo.people import AREA_PREFIX, id_number
from exam.demo.stage import Stage
from exam.kernel.ids import token
from exam.registration import actions
from exam.registration.actions import Receipt
from exam.registration.rules import IdType
from exam.registration.rules.entry import Typed
from scheduling.sites import queries as sites
from scheduling.sites.rules import ApprovalStatus

_LEVEL = ("WEB", "intermediate")
_PEOPLE = (
    ("方若谷", "male", date(1991, 4, 18), 6),
    ("温知夏", "female", date(1986, 9, 2), 13),
)  # the last: serial and portrait


async def register_in_person(stage: Stage, batch_id: UUID, now: datetime) -> None:
    """Two people fill in the public form; the officer returns the photo of the second."""
    made = [await _enter(stage, batch_id, one, now + timedelta(hours=n)) for n, one in enumerate(_PEOPLE)]
    async with stage.change() as session:
        await actions.give_back(
            session, stage.cast["officer"], registration_ids=[made[-1].registration_id],
            reason="照片不够清晰，请换一张近期的白底证件照。", now=now + timedelta(hours=5),
        )  # fmt: skip


async def _enter(stage: Stage, batch_id: UUID, who: tuple[str, str, date, int], now: datetime) -> Receipt:
    name, gender, birth, serial = who
    number = id_number(f"{AREA_PREFIX}9901", birth, serial, gender)
    scheme = stage.schemes[_LEVEL]
    async with stage.change() as session:
        active = await sites.approvals(session, certificate_id=scheme.certificate_id, statuses=[ApprovalStatus.ACTIVE])
        able = {one.site_id for one in active if scheme.level in one.levels}
        places = sorted({place.prefecture_code for place in await sites.sites(session, able)})
        return await actions.enter(
            session, None, stage.services.vault, stage.services.files, batch_id=batch_id, scheme_id=scheme.id,
            typed=Typed(
                name=name, id_type=IdType.RESIDENT, id_number=number, phone=f"1640000{serial:04d}",
                prefecture_code=places[0], eligible=True, consent=True,
            ),
            photo=photos.portrait(serial), places=places, key=token(), now=now,
        )  # fmt: skip
