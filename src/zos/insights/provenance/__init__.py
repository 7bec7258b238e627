"""What insights rest on, and who is in them."""
