"""Layers and their runs: what a layer is, how it is loaded, and how a run carries it out."""
