"""The REST routes; importing this registers all of them."""

from tests.servers.discord.routes import channels, commands, interactions, messages, threads, users

__all__ = ["channels", "commands", "interactions", "messages", "threads", "users"]
