"""What a pack holds and where each of its bytes stands: pure."""
