"""A year of digests in minutes: 200 subscriptions, three replicas on one PostgreSQL, time handed in.

    make year

The replicas are processes that run what `footnote up` runs: the schedule, the inbox, the digests. Only the clock (a file that
says what time it is), the feeds (made up, with one story told by several, tracked links, items without a date or of the
future) and the platform (a file in which every message is noted) are not the real ones. Meanwhile replicas are killed at
random and started again, their clocks go behind, all clocks jump back, and now and then three days pass at once.

What should have come is worked out here, from the time zones' offsets alone, and compared with what was posted.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter, defaultdict
from collections.abc import AsyncIterator, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from functools import cache
from pathlib import Path
from zoneinfo import ZoneInfo

from benchmarks.report import Row, publish
from bot.audiences import Audiences
from bot.chat import Person, Place, Reply
from bot.digests.links import canonical
from bot.digests.service import JITTER, Digests
from bot.digests.subscriptions import Length, Subscription, Subscriptions
from bot.inbox import Inbox
from bot.migrate import migrate
from bot.records import Records, open_engine
from bot.schedule import Schedule
from retrieval.documents import Audience, Document
from retrieval.embedders.hashing import Hashing
from retrieval.search import Searcher
from retrieval.sources import Listed
from retrieval.stores.memory import InMemoryStore
from tests.servers.postgres import postgres

START = datetime(2026, 1, 1, tzinfo=UTC).timestamp()
DAY, HOUR = 86_400.0, 3_600.0
STEP = 6 * HOUR
LONGEST_WAIT = 180.0
"""Real seconds after which what has not come is missing."""
FEEDS = 40
SYLLABLES = "ba ce di fo gu ha je ki lo mu na pe ri so tu va we xi yo zu"
ZONES = (
    *("Europe/Berlin", "America/New_York", "Asia/Kolkata", "Australia/Lord_Howe", "UTC"),
    *("America/Sao_Paulo", "Africa/Cairo", "Pacific/Auckland", "America/St_Johns", "Asia/Tokyo"),
)
TIMES = ("0 8", "30 7", "30 2", "0 2", "15 18", "45 1")
DAYS = ("mon-fri",) * 5 + ("*",) * 2 + ("fri", "mon", "sun")
WEEKDAYS = {"mon-fri": range(5), "*": range(7), "mon": (0,), "fri": (4,), "sun": (6,)}


# what is the same for the driver and the replicas


@cache
def word(seed: str) -> str:
    rng, syllables = random.Random(seed), SYLLABLES.split()
    return "".join(rng.choice(syllables) for _ in range(4))


def topic(number: int) -> str:
    return f"{word(f'topic {number}')} {word(f'subject {number}')}"


@dataclass(frozen=True, slots=True)
class Told:
    """A story as one feed tells it."""

    story: str
    guid: str
    title: str
    link: str
    text: str
    at: float
    dated: float


@cache
def told(feed: int, day: int) -> list[Told]:
    """What a feed tells on a day: now and then a story of its own, or one of its neighbour's in another guise."""
    rng = random.Random(f"{feed}/{day}")
    found = []
    if rng.random() < 0.45:
        found.append(_tell(feed, feed, day, rng))
    if rng.random() < 0.2 and random.Random(f"{(feed + 1) % FEEDS}/{day - 1}").random() < 0.45:
        found.append(_tell(feed, (feed + 1) % FEEDS, day - 1, rng, at_day=day))
    return found


def _tell(feed: int, of: int, day: int, rng: random.Random, at_day: int | None = None) -> Told:
    story = f"{of}-{day}"
    names = [word(f"{story} {number}") for number in range(14)]
    title = f"{topic(of % 10)} {' '.join(names[:4])}"
    text = f"The {topic(of % 10)} of {' '.join(names[4:9])} came to {' '.join(names[9:12])}. It has {' and '.join(names[12:])}."
    link = f"https://site-{of}.example/{names[0]}-{names[1]}"
    if feed != of:
        guise = rng.randrange(3)
        link = (
            f"{link}/?utm_source=feed{feed}",
            f"http://www.portal-{feed}.example/{names[2]}?fbclid={day}",
            f"{link}#top",
        )[guise]
        title = title if guise == 2 else f"{title} | Portal"
    at = START + (day if at_day is None else at_day) * DAY + rng.random() * DAY
    dated = rng.choices((at, 0.0, at + 300 * DAY), (8, 1, 1))[0]
    return Told(story, f"{feed}:{story}", title, link, text, at, dated)


def subscriptions(count: int) -> list[Subscription]:
    made = []
    for number in range(count):
        rng = random.Random(f"subscription {number}")
        feeds = rng.sample(range(FEEDS), 3)
        place = Place("sim", "local", f"channel-{number % (count * 9 // 10)}")  # some channels have two
        cron = f"{rng.choice(TIMES)} * * {rng.choice(DAYS)}"
        topics = ", ".join(topic(one % 10) for one in feeds)
        sources = tuple(f"sim:{one}" for one in feeds)
        owner = Person("sim/mei", "Mei")
        length = rng.choice(list(Length))
        made.append(Subscription(f"s{number}", place, owner, topics, sources, cron, rng.choice(ZONES), START, length))
    return made


# a replica


class Feed:
    """A `Source` of a made-up feed: what it told in the last ten days, by the clock."""

    keeps = True

    def __init__(self, name: str, now: float) -> None:
        self.name = name
        feed, today = int(name.partition(":")[2]), int((now - START) // DAY)
        self._told = {one.guid: one for day in range(today - 9, today + 1) for one in told(feed, day) if one.at <= now}

    async def list(self) -> AsyncIterator[Listed]:
        for guid in self._told:
            yield Listed(guid, guid)

    async def read(self, listed: Listed) -> Document:
        one = self._told[listed.id]
        return Document(one.guid, self.name, one.link, one.title, one.text, Audience.everyone(), "", modified=one.dated)


class Witness:
    """A `Chat` that notes every message in a file."""

    platform = "sim"

    def __init__(self, file: Path, clock: Path) -> None:
        self._file = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
        self._clock = clock

    async def show(self, place: Place, key: str, reply: Reply) -> None:
        links = [note.uri for note in reply.footnotes]
        line = {"key": key, "place": place.channel_key, "at": read(self._clock), "text": reply.text, "links": links}
        os.write(self._file, json.dumps(line).encode() + b"\n")

    async def whisper(self, place: Place, person: Person, reply: Reply) -> None:
        await self.show(place, f"whisper:{time.time()}", reply)


def read(file: Path) -> float:
    while True:
        with suppress(FileNotFoundError, ValueError):
            return float(file.read_text())


async def replica(home: Path, name: str, address: str) -> None:
    """Run until killed."""
    clock_file, lag_file = home / "now", home / f"lag-{name}"

    def clock() -> float:
        return read(clock_file) - read(lag_file)

    engine = open_engine(address)
    embedder, store = Hashing(), InMemoryStore()
    await store.bind(embedder.name, embedder.dimensions)
    chats = {"sim": Witness(home / f"posted-{name}.jsonl", clock_file)}

    async def tell(key: str, reply: Reply) -> None:
        await chats["sim"].show(Place("sim", "local", "operators"), key, reply)

    async def nothing(event: object) -> None:
        """Nobody speaks this year."""

    schedule = Schedule(engine, clock, tell)
    digests = Digests(
        engine,
        embedder,
        Searcher(store, embedder),
        Audiences(store, chats),  # type: ignore[arg-type]  # what of a Chat is not asked here is not there
        lambda source: Feed(source, clock()),
        chats,  # type: ignore[arg-type]
        Records(engine),
        clock,
    )
    schedule.add_all(digests)
    inbox = Inbox(address, name, nothing, nothing, nothing, nothing, schedule.run)
    await inbox.start()
    while True:
        await schedule.tick(inbox)
        await asyncio.sleep(0.2)


# the driver


@dataclass
class Year:
    """What the driver knows: who should get what, what was posted."""

    home: Path
    address: str
    people: list[Subscription]
    rng: random.Random
    running: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)
    expected: dict[tuple[str, float], float] = field(default_factory=dict)
    posted: list[dict[str, object]] = field(default_factory=list)
    awaited: set[str] = field(default_factory=set)
    heads: set[str] = field(default_factory=set)
    offsets: Counter[str] = field(default_factory=Counter)
    counts: Counter[str] = field(default_factory=Counter)

    def say(self, now: float) -> None:
        fresh = self.home / "next"
        fresh.write_text(repr(now))
        fresh.rename(self.home / "now")

    def start(self, name: str) -> None:
        (self.home / f"lag-{name}").write_text("0")
        command = [
            sys.executable,
            "-m",
            "benchmarks.year",
            "--replica",
            name,
            "--home",
            str(self.home),
            "--address",
            self.address,
        ]
        self.running[name] = subprocess.Popen(command, env={**os.environ, "PYTHONUNBUFFERED": "1"})

    def kill(self) -> None:
        name = self.rng.choice(list(self.running))
        self.running[name].send_signal(signal.SIGKILL)
        self.running[name].wait()
        self.counts["kills"] += 1
        self.start(name)

    def read_posts(self) -> None:
        for file in self.home.glob("posted-*.jsonl"):
            with file.open("rb") as lines:
                lines.seek(self.offsets[file.name])
                for line in lines:
                    if line.endswith(b"\n"):
                        self.offsets[file.name] += len(line)
                        post = json.loads(line)
                        self.posted.append(post)
                        self.heads.add(str(post["key"]))

    def expect(self, who: str, due: float, now: float) -> None:
        self.expected[who, due] = now
        self.awaited.add(head(who, due))

    def wait(self, seconds: float) -> bool:
        """Whether all that is expected by now is posted within so many seconds."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            self.read_posts()
            self.awaited = {key for key in self.awaited if key not in self.heads}
            if not self.awaited:
                return True
            for name, process in self.running.items():
                if process.poll() is not None:
                    raise SystemExit(f"replica {name} ended by itself with {process.returncode}")
            time.sleep(0.05)
        return False


def stamp(moment: float) -> str:
    return datetime.fromtimestamp(moment, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def head(who: str, due: float) -> str:
    """The key of the first message of a digest."""
    return f"digest:{who}:{stamp(due)}:0"


def moments(one: Subscription, days: int) -> Iterator[float]:
    """When somebody should get a digest, by the offsets of their zone alone: the first of two, or after the gap."""
    minute, hour, _, _, names = one.cron.split()
    zone = ZoneInfo(one.zone)
    for number in range(-1, days + 1):
        day = date(2026, 1, 1) + timedelta(number)
        if day.weekday() not in WEEKDAYS[names]:
            continue
        wall = datetime(day.year, day.month, day.day, int(hour), int(minute))
        noon = wall.replace(tzinfo=UTC)
        before = (noon - timedelta(days=1)).astimezone(zone).utcoffset() or timedelta()
        after = (noon + timedelta(days=1)).astimezone(zone).utcoffset() or timedelta()
        there = [
            utc for utc in sorted({noon - before, noon - after}) if utc.astimezone(zone).replace(tzinfo=None) == wall
        ]
        moment = (there[0] if there else noon - before).timestamp()
        if START < moment <= START + days * DAY:
            yield moment


def run(year: Year, days: int, kills: int) -> tuple[list[Row], dict[str, object], str]:
    rng, people, home = year.rng, year.people, year.home
    migrate(year.address)
    asyncio.run(_subscribe(year.address, people))
    due = {one.id: list(moments(one, days)) for one in people}
    year.say(START)
    for name in ("one", "two", "three"):
        year.start(name)
    started, now, last = time.monotonic(), START, START
    while now < START + days * DAY:
        leap = rng.random() < 4 / (365 * DAY / STEP)
        now = min(now + (3 * DAY if leap else STEP), START + days * DAY + JITTER)
        year.counts["leaps"] += leap
        for one in people:
            passed = [moment for moment in due[one.id] if last - JITTER < moment <= now - JITTER]
            if passed:
                year.expect(one.id, passed[-1], now)
                year.counts["left out after a leap"] += len(passed) - 1
        for name in year.running:
            (home / f"lag-{name}").write_text(repr(rng.choice((0.0, 0.0, rng.random() * 2_400))))
        year.say(now)
        if rng.random() < kills / (days * DAY / STEP):
            time.sleep(rng.random() * 0.5)
            year.kill()
        if rng.random() < 0.02:
            year.say(now - rng.random() * 3 * HOUR)
            time.sleep(0.2)
            year.say(now)
            year.counts["clocks set back"] += 1
        for name in year.running:
            (home / f"lag-{name}").write_text("0")
        year.wait(LONGEST_WAIT)
        last = now
        if int(now // DAY) % 30 == 0 and (now - START) % DAY < STEP:
            print(f"{stamp(now)[:10]}  {len(year.expected):,} digests, {time.monotonic() - started:.0f} s", flush=True)
    time.sleep(2)  # whatever would come twice has its chance
    year.read_posts()
    return audit(year, time.monotonic() - started)


async def _subscribe(address: str, people: list[Subscription]) -> None:
    engine = open_engine(address)
    for one in people:
        await Subscriptions(engine).add(one)
    await engine.dispose()


def audit(year: Year, seconds: float) -> tuple[list[Row], dict[str, object], str]:
    """What was posted, against what should have been."""
    by_link = {}
    for feed in range(FEEDS):
        for day in range(-10, 367):
            by_link.update({canonical(one.link): one.story for one in told(feed, day)})
    zones = {one.id: ZoneInfo(one.zone) for one in year.people}
    heads: dict[tuple[str, date], set[str]] = defaultdict(set)
    texts: dict[str, set[str]] = defaultdict(set)
    shown: dict[tuple[str, str], set[str]] = defaultdict(set)
    early = reshown = others = 0
    for post in year.posted:
        key, place = str(post["key"]), str(post["place"])
        if not key.startswith("digest:"):
            others += 1
            continue
        _, who, rest = key.split(":", 2)
        moment, _, number = rest.rpartition(":")
        due = datetime.fromisoformat(moment).timestamp()
        early += float(str(post["at"])) < due
        reshown += key in texts
        texts[key].add(str(post["text"]))
        if number == "0":
            heads[who, datetime.fromtimestamp(due, zones[who]).date()].add(key)
        for link in post["links"]:  # type: ignore[attr-defined]  # as it was written
            shown[place, by_link[canonical(str(link))]].add(key)
    got = {key for keys in heads.values() for key in keys}
    wanted = {head(who, due) for who, due in year.expected}
    doubled = sum(len(keys) - 1 for keys in heads.values()) + sum(len(said) - 1 for said in texts.values())
    repeated = sum(len(keys) - 1 for keys in shown.values())
    missing = len(wanted - got)
    figures = {
        "digests": float(len(got)),
        "doubled": float(doubled),
        "missing": float(missing),
        "early": float(early),
        "repeated items": float(repeated),
        "not expected": float(len(got - wanted)),
        "items": float(len(shown)),
        "messages put up again after a kill": float(reshown),
        "alerts": float(others),
        **{name: float(count) for name, count in year.counts.items()},
        "seconds": seconds,
    }
    line = f"{len(got):,} digests, {doubled} doubled, {missing} missing, {early} early, {repeated} repeated items"
    return [Row("the year", figures)], {"subscriptions": len(year.people), "replicas": 3}, line


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--days", type=int, default=365)
    parser.add_argument("--subscriptions", type=int, default=200)
    parser.add_argument("--kills", type=int, default=40)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--out", type=Path, default=Path("benchmarks/results/year.json"))
    parser.add_argument("--replica", help=argparse.SUPPRESS)
    parser.add_argument("--home", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--address", help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.replica:
        asyncio.run(replica(given.home, given.replica, given.address))
        return
    with postgres() as url, tempfile.TemporaryDirectory() as home:
        address = url.replace("postgresql://", "postgresql+psycopg://")
        year = Year(Path(home), address, subscriptions(given.subscriptions), random.Random(given.seed))
        try:
            rows, about, line = run(year, given.days, given.kills)
        finally:
            for process in year.running.values():
                process.kill()
                process.wait()
    publish("A year of digests", rows, about, given.out)
    print(line)
    if any(rows[0].figures[name] for name in ("doubled", "missing", "early", "repeated items", "not expected")):
        raise SystemExit(1)


if __name__ == "__main__":
    main()
