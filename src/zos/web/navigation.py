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
    ("members", "Members"),
    ("costs", "Costs"),
    ("system", "System"),
)
"""The name of each page's route, and what it is called."""

OPERATORS_ALONE = frozenset({"members"})
"""Pages of which a viewer may not see anything."""
