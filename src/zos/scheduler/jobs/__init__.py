"""APScheduler's jobs: what is stored of one, where, and what is called when it is due."""
