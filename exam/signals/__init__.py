"""What goes between the office and the rooms on the day: announcements out, signs of life in."""
