"""Zos: a self-hosted Discord agent that gives a community a memory."""

__version__ = "0.1.0"
