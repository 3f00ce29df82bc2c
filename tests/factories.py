"""Small makers of the people who act in tests; each folder's facts are made by its own actions."""
