"""Members' rights. In: a member's id and what they want. Out: what is known, changed, or gone.

It reaches every store above, and knows nothing of how its answers are shown.
"""
