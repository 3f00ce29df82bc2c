"""Marks: computer papers by key, paper marks entered twice, practical sheets signed by assessors (domain 3.6)."""
