"""Tests of the repairs after publication."""
