"""Certificates and registers as documents: the face, its frame and seal, the issue register."""

from certificates.issuing.documents.drawing import Intent, draw, prepare_static

__all__ = ["Intent", "draw", "prepare_static"]
