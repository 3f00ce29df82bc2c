"""Tests of the rules of what-ifs."""
