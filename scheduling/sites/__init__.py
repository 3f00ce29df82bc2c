"""考核站点: who may hold exams where, with which rooms, and where a place is still missing (C01-C06)."""
