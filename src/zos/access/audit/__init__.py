"""The record of writes: who changed what, by which way, and with what outcome."""
