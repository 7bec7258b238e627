"""The rim towards Discord: what happens there becomes events, and nothing that happens is missed."""
