"""Layers as they were: every version that was in force, so that a run ends as it began."""
