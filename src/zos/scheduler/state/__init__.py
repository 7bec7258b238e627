"""What is remembered of each layer: what it promised, whether it is paused, how it has been doing."""
