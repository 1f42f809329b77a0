"""Ports for servers that tests start, below those that the system lends to outgoing connections: none is taken meanwhile."""

from __future__ import annotations

import random
import socket
from itertools import islice

_FIRST, _LAST = 15_000, 32_000
"""Linux lends from 32768 on (net.ipv4.ip_local_port_range), macOS and Windows from 49152."""


def free_port() -> int:
    """A port of loopback on which nothing listens. A server may take seconds to come up on it."""
    return free_ports(1)[0]


def free_ports(count: int) -> list[int]:
    """So many different ones."""
    shuffled = random.SystemRandom().sample(range(_FIRST, _LAST), _LAST - _FIRST)
    return list(islice(filter(_is_free, shuffled), count))


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        return bool(probe.connect_ex(("127.0.0.1", port)))
