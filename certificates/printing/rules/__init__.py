"""What is printed on which sheet, and whether every sheet is accounted for: pure."""
