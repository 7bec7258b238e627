"""Erasing a member: rows, what was concluded from them, and the bytes that they leave behind."""
