"""The only place that joins the rooms: in, a configuration; out, services that work, or a running process."""
