"""The record of writes: who changed what, from where, by which way, and with what outcome."""
