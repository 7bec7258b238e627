"""Insights whose texts change a little, and stay what they are."""
