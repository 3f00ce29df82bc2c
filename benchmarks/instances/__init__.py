"""Generators of problems: seeded, invented people and schools, real prefectures."""
