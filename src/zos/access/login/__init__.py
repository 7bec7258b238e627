"""Logging in: one-time links, how often it may be tried, and where a browser keeps its session."""
