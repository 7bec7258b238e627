"""Who may be thought about: what members said, by whom it was recorded, and who was erased."""
