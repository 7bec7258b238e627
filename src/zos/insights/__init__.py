"""Insights: what was understood about a topic, what it rests on, and how to find it again."""
