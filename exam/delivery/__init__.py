"""What happens to a paper: the computer exam in the browser, each answer saved when it is given, handed in by the clock."""
