"""Who may ask: the operator's token, and how the command line finds and asks a running service."""
