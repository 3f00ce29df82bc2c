"""Everybody of the problem as arrays: who has a duty and a qualification, who can come when, who lives how far away."""

from __future__ import annotations

from datetime import date

import numpy as np
import numpy.typing as npt

from scheduling.planning.rules.plan import Session
from scheduling.planning.rules.problem import Duty, Form, Person, Problem, Site
from scheduling.planning.rules.teams import form_of, qualified
from scheduling.planning.solver.staffing_table import Flags, Numbers

EARTH_KM = 6371.0088


class Roll:
    """The people in the order of their ids; rows of arrays."""

    def __init__(self, problem: Problem) -> None:
        self.problem = problem
        self.people: list[Person] = sorted(problem.staff, key=lambda one: one.id)
        self.row = {person.id: row for row, person in enumerate(self.people)}
        self._phi = np.radians(np.array([one.lat for one in self.people], dtype=np.float64))
        self._lambda = np.radians(np.array([one.lon for one in self.people], dtype=np.float64))
        self.present: Flags = np.ones((len(self.people), len(problem.slots)), dtype=np.bool_)
        for row, person in enumerate(self.people):
            if person.available is not None:
                self.present[row] = False
                self.present[row, [problem.slot_number[id] for id in person.available if id in problem.slot_number]] = (
                    True
                )
        self._duties = {duty: np.array([duty in one.duties for one in self.people], dtype=np.bool_) for duty in Duty}
        self._qualified: dict[tuple[str, date], Flags] = {}

    def able(self, session: Session, duty: Duty) -> Flags:
        """Who has the duty and, for a practical, the qualification on its day (H13, H14)."""
        has = self._duties[duty]
        if form_of(self.problem, session) is not Form.PRACTICAL:
            return has
        key = session.certificate, self.problem.slot[session.slot].day
        if key not in self._qualified:
            self._qualified[key] = np.array([qualified(one, *key) for one in self.people], dtype=np.bool_)
        return has & self._qualified[key]

    def nearest(self, who: Flags, site: Site, most: int) -> list[tuple[float, int]]:
        """At most so many of them, nearest first: (kilometres, row)."""
        rows: Numbers = np.flatnonzero(who)
        km = self._km(rows, site)
        order = np.lexsort((rows, km))[:most]
        return [(float(km[one]), int(rows[one])) for one in order]

    def _km(self, rows: Numbers, site: Site) -> npt.NDArray[np.float64]:
        phi, lam = np.radians(site.lat), np.radians(site.lon)
        half = np.sin((self._phi[rows] - phi) / 2) ** 2
        half = half + np.cos(phi) * np.cos(self._phi[rows]) * np.sin((self._lambda[rows] - lam) / 2) ** 2
        km: npt.NDArray[np.float64] = np.round(2 * EARTH_KM * np.arcsin(np.minimum(1.0, np.sqrt(half))), 3)
        return km
