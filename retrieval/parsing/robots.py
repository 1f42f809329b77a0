"""robots.txt as in RFC 9309: which paths a site asks readers to leave alone, how fast, and where its sitemaps lie."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from urllib.parse import quote, urlsplit

MAX_CHARS = 500_000
AGENT = "footnote"
_ESCAPE = re.compile("%[0-9a-f]{2}", re.IGNORECASE)


@dataclass(slots=True)
class Robots:
    """What holds for us: the rules of the group with our name, or else of the group for everyone."""

    rules: list[tuple[str, bool]] = field(default_factory=list)
    """A pattern, and whether what it matches may be read."""
    sitemaps: list[str] = field(default_factory=list)
    delay: float = 0.0
    """Seconds between two requests."""

    def allows(self, url: str) -> bool:
        """Whether an address may be read: the longest pattern decides, of two as long the one that allows."""
        parts = urlsplit(url)
        path = _spelt((parts.path or "/") + (f"?{parts.query}" if parts.query else ""))
        found = [(len(pattern), may) for pattern, may in self.rules if _matches(pattern, path)]
        return max(found, default=(0, True))[1]


def read(text: str) -> Robots:
    """Lines that say nothing known are passed over."""
    ours, everyones = Robots(), Robots()
    named = False
    agents: list[str] = []
    in_rules = False
    for line in text[:MAX_CHARS].splitlines():
        key, _, value = (part.strip() for part in line.partition("#")[0].partition(":"))
        match key.lower():
            case "user-agent":
                agents = [*([] if in_rules else agents), value.lower()]
                in_rules = False
                named |= value.lower() == AGENT
            case "sitemap":
                ours.sitemaps.append(value)
                everyones.sitemaps.append(value)
            case "allow" | "disallow" | "crawl-delay" as rule:
                in_rules = True
                for group in [ours] * (AGENT in agents) + [everyones] * ("*" in agents):
                    _add(group, rule, value)
    return ours if named else everyones


def _add(group: Robots, rule: str, value: str) -> None:
    if rule == "crawl-delay":
        group.delay = float(value) if re.fullmatch(r"\d{1,4}(\.\d+)?", value) else 0.0
    elif value:
        group.rules.append((_spelt(value), rule == "allow"))


def _matches(pattern: str, path: str) -> bool:
    """``*`` stands for anything, ``$`` at the end for the end. Without a regular expression: patterns are not ours."""
    ends = pattern.endswith("$")
    first, *others = pattern.removesuffix("$").split("*")
    if not path.startswith(first):
        return False
    at = len(first)
    for number, piece in enumerate(others):
        if ends and number == len(others) - 1:
            return len(path) - len(piece) >= at and path.endswith(piece)
        at = path.find(piece, at)
        if at < 0:
            return False
        at += len(piece)
    return not ends or at == len(path)


def _spelt(path: str) -> str:
    """One spelling for a path, whether or not its letters are percent-encoded, and in which case."""
    return _ESCAPE.sub(lambda found: found[0].upper(), quote(path, safe="/%?&=*$:@!'()+,;~[]"))
