"""How far each channel has been followed, and what is stored of its latest messages."""
