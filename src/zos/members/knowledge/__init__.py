"""What is known about a member, read from every table that names one."""
