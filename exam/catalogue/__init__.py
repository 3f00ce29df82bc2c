"""What is examined: awarding organisations, certificates, levels and their versioned exam schemes."""
