"""Sessions: who is logged in, from which browser, and until when."""
