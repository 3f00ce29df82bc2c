"""The demo: an invented province, and one whole exam batch carried from roster to certificate by the real actions."""
