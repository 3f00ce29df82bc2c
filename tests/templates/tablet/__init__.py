"""The tablet in a browser."""
