"""The HTTP API: requests of the operator in, read models and actions out, all of it behind one gate."""
