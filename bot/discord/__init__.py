"""Discord: the port `Chat` on it, over discord.py and the gateway."""
