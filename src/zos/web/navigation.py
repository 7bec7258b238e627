"""The pages that the navigation leads to, in its order."""

from __future__ import annotations

NAVIGATION: tuple[tuple[str, str], ...] = (
    ("overview", "Overview"),
    ("schedule", "Schedule"),
    ("runs", "Runs"),
    ("layers", "Layers"),
    ("topics", "Topics"),
    ("insights", "Insights"),
    ("relationships", "Relationships"),
    ("costs", "Costs"),
    ("system", "System"),
)
"""The name of each page's route, and what it is called."""
