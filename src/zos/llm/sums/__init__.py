"""Sums of model calls by local day, right after every write of a call."""
