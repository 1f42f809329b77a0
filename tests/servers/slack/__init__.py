"""A strict local double of Slack: the Web API, Socket Mode, HTTP delivery, OAuth, and the people who use it.

The real slack-sdk and slack-bolt speak to it over loopback, unchanged but for the base URL. It keeps the state of a
workspace, refuses what the real one refuses with the same error names, counts rate limits, can be told to fail, and
notes in `Slack.violations` what the real one would swallow silently. Limits and names are those of docs.slack.dev.
"""

from tests.servers.slack.apps import BOT_EVENTS, BOT_SCOPES, App, Installation
from tests.servers.slack.clock import Timing
from tests.servers.slack.courier import Ack, Delivery, Unruly
from tests.servers.slack.faults import Chaos, Fault
from tests.servers.slack.hub import Violation
from tests.servers.slack.limits import RateLimits
from tests.servers.slack.records import AgentSession, Channel, File, Message, Status, Stream, Task, Team, User, View
from tests.servers.slack.server import Slack
from tests.servers.slack.web import Recorded

__all__ = [
    "BOT_EVENTS",
    "BOT_SCOPES",
    "Ack",
    "AgentSession",
    "App",
    "Channel",
    "Chaos",
    "Delivery",
    "Fault",
    "File",
    "Installation",
    "Message",
    "RateLimits",
    "Recorded",
    "Slack",
    "Status",
    "Stream",
    "Task",
    "Team",
    "Timing",
    "Unruly",
    "User",
    "View",
    "Violation",
]
