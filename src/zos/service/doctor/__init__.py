"""The doctor: looks at everything that could stand in the way, changes nothing, and says what to do."""
