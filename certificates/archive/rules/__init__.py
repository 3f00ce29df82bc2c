"""Pure: how an archival copy is written, read and judged."""
