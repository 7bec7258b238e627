"""Attention as a ledger: what activity earns, how it spreads and fades, and whom a night thinks about."""
