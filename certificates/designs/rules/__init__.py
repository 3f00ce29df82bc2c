"""What a design is and what may stand in one: pure, without the database, the web and the drawing."""
