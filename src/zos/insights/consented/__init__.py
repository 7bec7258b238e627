"""Which insights nobody objects to: conditions on consent for lists and searches."""
