"""Timetable: demand, sessions, seats, the proposal and its publication."""
