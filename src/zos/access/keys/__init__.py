"""Keys: how programs are recognised, each with a name, a role and an end."""
