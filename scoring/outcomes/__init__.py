"""Outcomes: component marks combined by the scheme's pass rule, explained, verified and published (domain 3.6, 4)."""
