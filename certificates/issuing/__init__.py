"""Issuing: number, draw, sign, store; correct, replace, revoke; one live number per outcome (domain.md 3.7)."""
