"""Whose names stand in texts."""
