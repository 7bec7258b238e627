"""Slash commands. In: what somebody typed on Discord. Out: an answer that only they see."""
