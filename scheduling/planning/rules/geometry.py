"""Distances on the globe."""

from __future__ import annotations

from math import asin, cos, radians, sin, sqrt
from typing import Final

EARTH_KM: Final = 6371.0088
"""Mean radius of the earth (IUGG)."""


def distance_km(lat: float, lon: float, other_lat: float, other_lon: float) -> float:
    """The great circle between two places in degrees (haversine), in kilometres to the metre."""
    phi, other_phi = radians(lat), radians(other_lat)
    half = sin((other_phi - phi) / 2) ** 2 + cos(phi) * cos(other_phi) * sin(radians(other_lon - lon) / 2) ** 2
    return round(2 * EARTH_KM * asin(min(1.0, sqrt(half))), 3)
