"""The outbox: texts that left a target's transaction and are delivered afterwards, at least once."""
