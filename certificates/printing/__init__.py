"""Certificates on paper (制证): printers and their offsets, blank paper by serial, print orders, spoiled sheets."""
