"""What a member did as an operator on Discord: it stays, without their id."""
