"""Duties: invigilators, assessors and site heads, and their conflicts of interest (domain section 2)."""
