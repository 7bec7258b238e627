"""The demo: a sample community imported, a fortnight of it replayed offline, and what came of it."""
