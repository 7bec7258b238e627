"""The self-concept: its versions in the database, which are the truth, and the file that shows it."""
