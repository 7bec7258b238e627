"""What channels and threads are called where they are shown."""
