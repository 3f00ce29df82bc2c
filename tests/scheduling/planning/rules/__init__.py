"""Tests of what the planner promises: its files, its capacities and its checks."""
