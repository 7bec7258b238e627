"""Taking texts back: what may not be shown any more is not sent, and what was posted of it is deleted."""
