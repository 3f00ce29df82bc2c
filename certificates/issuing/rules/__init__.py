"""What a certificate must obey: numbers, states, words, and what stands on its face."""
