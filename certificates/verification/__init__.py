"""Verification: the public answer to "is this certificate genuine?", and the holder's own download."""
