"""Messages in the database: written, edited, deleted."""
