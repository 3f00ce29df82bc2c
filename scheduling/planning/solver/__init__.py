"""The search: placement, sessions, staff, repair. What it finds is checked by the rules, which know nothing of it."""
