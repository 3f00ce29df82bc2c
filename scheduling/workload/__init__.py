"""Hours of duty per person, for the workload that institutions credit their teachers with (D15)."""
