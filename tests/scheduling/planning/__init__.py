"""Tests of the planner: the tree of `scheduling/planning` again; `small` makes problems."""
