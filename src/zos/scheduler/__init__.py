"""The scheduler: when layers wake, and what became of every slot that was promised."""
