"""No migration and no new version of the program within 24 hours of a session, unless two people sign for it."""
