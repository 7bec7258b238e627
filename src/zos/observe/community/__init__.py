"""Servers, channels and members in the database."""
