"""Proof: issue, register, verify."""
