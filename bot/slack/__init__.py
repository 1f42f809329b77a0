"""Slack: the port `Chat` on it, over Bolt and Socket Mode, or HTTP with installations in many workspaces."""
