"""Slots: every moment at which a layer promised to run, and what became of it."""
