"""The words everything else is made of: errors, ids, clock, topic keys, scopes, consent. Standard library only."""
