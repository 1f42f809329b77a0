"""The Web API's methods, a file for each family. Importing this package registers them all."""

from tests.servers.slack.methods import agents, auth, chat, conversations, files, people, streams, views

__all__ = ["agents", "auth", "chat", "conversations", "files", "people", "streams", "views"]
