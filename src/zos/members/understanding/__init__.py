"""What was understood about a member, and from which of their words."""
