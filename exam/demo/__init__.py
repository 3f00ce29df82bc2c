"""The demo: an invented province, and one whole exam batch carried from roster to certificate by the real actions."""

from exam.demo.command import add_arguments, main

__all__ = ["add_arguments", "main"]
