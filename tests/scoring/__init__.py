"""Tests of scoring: marks, outcomes, reviews."""
