"""How well: marks, outcomes, score reviews."""
