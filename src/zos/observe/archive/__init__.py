"""Archives as DiscordChatExporter writes them (JSON): found, read as a stream, understood, and how far each has come in."""
