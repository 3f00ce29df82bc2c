"""成绩复核: a candidate asks, somebody who had no hand in the result looks again, the answer comes in time (domain 3.10)."""
