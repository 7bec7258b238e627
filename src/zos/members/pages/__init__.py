"""A member's messages, reactions and mentions, page by page, for their export."""
