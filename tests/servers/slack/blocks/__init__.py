"""Block Kit's rules: what a message, a modal and a Home tab may hold, with the real validation's words."""

from tests.servers.slack.blocks.surfaces import check_message, check_view, texts, too_long

__all__ = ["check_message", "check_view", "texts", "too_long"]
