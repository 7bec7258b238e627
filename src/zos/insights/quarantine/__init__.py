"""Insights that may not be shown for now, because somebody in them has not consented."""
