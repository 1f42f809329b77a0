"""A double of Discord that the real discord.py speaks to over real sockets.

In: what people do (`Discord.mention`, `press`, `slash`, ...) and what goes wrong (`fail`, `gateway.drop`, ...). Out:
what people see (`messages`, `ephemerals`, `modals`) and what the application did (`requests`, `acks`, `violations`).
It refuses what the real one refuses, with the same codes; it never reaches outside of loopback.
"""

from tests.servers.discord.models import ChannelType, Flag, Interaction, Message, MessageType, Modal
from tests.servers.discord.permissions import P
from tests.servers.discord.pointing import point_discord, pointed_at
from tests.servers.discord.server import Discord
from tests.servers.discord.sessions import Deliveries

__all__ = [
    "ChannelType",
    "Deliveries",
    "Discord",
    "Flag",
    "Interaction",
    "Message",
    "MessageType",
    "Modal",
    "P",
    "point_discord",
    "pointed_at",
]
