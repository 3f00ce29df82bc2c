"""The planner: a whole exam period as one problem file, solved, checked, explained and repaired (docs/formats/scheduling.md)."""
