"""Insights without what they may no longer rest on: lines are struck, empty insights deleted."""
