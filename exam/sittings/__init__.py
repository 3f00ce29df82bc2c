"""The hinge of the road: one candidate x one component x one time window x one seat.

`scheduling` decides and publishes here; from then on the sitting is the truth. Attendance, incidents, delivery and an
assessor's right to enter a mark all read it.
"""
