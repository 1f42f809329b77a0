"""The chats that run in this process, by platform."""

from __future__ import annotations

from collections.abc import Collection, Iterable

from bot.chat import Chat, ChatAway, ChatRefused, File, Membership, Page, Person, Place, Readers, Reply, Said, named


class Unconnected:
    """A `Chat` on a platform that does not run in this process: what is final stands in the records, and nobody sees it now."""

    def __init__(self, platform: str) -> None:
        self.platform = platform

    async def status(self, place: Place, text: str) -> None: ...

    async def show(self, place: Place, key: str, reply: Reply) -> None: ...

    async def retract(self, place: Place, key: str) -> None: ...

    async def whisper(self, place: Place, person: Person, reply: Reply) -> None: ...

    async def channel(self, near: Place, name: str, person: Person) -> Place | None:
        return None

    async def name(self, near: Place, person: str) -> str:
        return named(person)

    async def readers(self, place: Place) -> Readers:
        raise ChatAway(f"{self.platform} is not connected.")

    async def membership(self, near: Place, person: Person, channels: Collection[str]) -> Membership:
        raise ChatAway(f"{self.platform} is not connected.")

    async def history(self, place: Place, before: float, limit: int) -> list[Said]:
        return []

    async def talk(self, place: Place, cursor: str = "") -> Page:
        raise ChatAway(f"{self.platform} is not connected.")

    async def read(self, place: Place, file: File) -> bytes:
        raise ChatRefused(f"{file.name} can't be had: {self.platform} is not connected.")

    async def close(self) -> None: ...


class Chats(dict[str, Chat]):
    """The chats that run, by platform."""

    def __missing__(self, platform: str) -> Chat:
        return Unconnected(platform)

    async def names(self, near: Place, people: Iterable[str]) -> dict[str, str]:
        """The name of each person by id, asked of the platform they are on; their id where nobody can tell it."""
        return {person: await self[person.split("/")[0]].name(near, person) or person for person in people}
