"""Targets: the topics of a run, each with its own state and its one transaction."""
