"""报名: reporting units, institutions and pilots, people, exam batches, rosters and registrations."""
