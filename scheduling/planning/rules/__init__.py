"""The problem, the plan, what must hold of it, and what it costs: pure, without a solver."""
