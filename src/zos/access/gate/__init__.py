"""The gate: what every request passes before any route or page sees it."""
