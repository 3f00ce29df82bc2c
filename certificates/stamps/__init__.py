"""Time stamps: what an authority outside says existed when (RFC 3161, ETSI EN 319 422), asked for and read strictly."""
