"""The console: its pages, in browsers without a screen."""

from __future__ import annotations

import asyncio
import itertools
import re
import uuid
from collections.abc import Mapping, Sequence
from functools import partial
from urllib.parse import parse_qs, urlencode, urlsplit

from bot.chat import Action
from tests.contract.conversations import ANN, BOB, LABELS, File, Said, until
from tests.contract.conversations.browser import Browser, Page
from tests.contract.stages import Seen, words

_STAYS = "what is written there stays as it is"
_NO_COMMANDS = "it has no commands"
_LABELS = {**LABELS, Action.HELPFUL: "This helped", Action.UNHELPFUL: "This did not help"}
_FIELDS = {"reason": "Why? (optional)", "text": "Text *"}


class ConsoleTalk:
    platform = "console"
    longest = 0
    cannot: Mapping[str, str] = {
        "files": "files are added on its page Knowledge",
        "direct": "everybody reads all of it",
        "ask": _NO_COMMANDS,
        "command": _NO_COMMANDS,
        "edit": _STAYS,
        "delete": _STAYS,
        "robot": "no programs write there",
        "absent": "it is away with the assistant",
    }

    def __init__(self, url: str) -> None:
        self._numbers = itertools.count(1)
        self._browsers = {name: Browser(url) for name in (ANN, BOB)}

    async def arrive(self) -> None:
        """Everybody says who they are."""
        for name, browser in self._browsers.items():
            await browser.name(name.title())

    async def left(self) -> None:
        """The assistant went away, and with it every page."""
        for browser in self._browsers.values():
            await browser.leave()

    async def close(self) -> None:
        for browser in self._browsers.values():
            await browser.close()

    def person(self, name: str) -> str:
        return f"console/{name}"

    async def channel(self) -> str:
        return f"talk-{next(self._numbers)}"

    async def mention(
        self, person: str, where: str | Said, text: str, *, files: Sequence[File] = (), twice: bool = False
    ) -> Said:
        return await self._write(person, where, f"@footnote {text}", twice=twice)

    async def say(self, person: str, where: str | Said, text: str) -> Said:
        return await self._write(person, where, text)

    async def _write(self, person: str, where: str | Said, text: str, *, twice: bool = False) -> Said:
        path, draft = _path(where), uuid.uuid4().hex
        pages = [await self._browsers[person].page(f"{path}{tab}") for tab in ("", "#2")[: 1 + twice]]
        for page in pages:
            await page.enter(page.found(aria="Message")[-1], {"draft": draft, "text": text})
        for page in pages:
            await until(partial(_is_sent, page, draft))
        if not isinstance(where, str):
            return where
        if "@footnote" not in text:
            return Said(where, "")
        page = pages[-1]

        async def led() -> str:
            return page.went

        thread = parse_qs(urlsplit(await until(led)).query)["thread"][0]
        page.went = ""
        return Said(where, thread)

    def addressing(self, person: str) -> str:
        return f"@{person}"

    async def direct(self, person: str, text: str) -> Said:
        raise NotImplementedError

    async def ask(self, person: str, channel: str, text: str) -> Said:
        raise NotImplementedError

    async def command(self, person: str, channel: str, name: str) -> str:
        raise NotImplementedError

    async def edit(self, said: Said, text: str) -> None:
        raise NotImplementedError

    async def delete(self, said: Said) -> None:
        raise NotImplementedError

    async def robot(self, channel: str, text: str) -> None:
        raise NotImplementedError

    async def look(self, person: str, said: Said) -> None:
        await self._page(person, said)

    async def press(self, person: str, said: Said, action: Action, **fields: str) -> None:
        page = await self._page(person, said)
        button = [one for one in _messages(page) for one in _buttons(page, one, action)][-1]
        await page.click(button)
        if fields or action is Action.UNHELPFUL:
            await fill(page, fields)

    async def answers(self, said: Said) -> list[Seen]:
        page = await self._page(ANN, said)
        shown = [_read(page, one) for one in _messages(page)]
        unfinished = bool(shown) and not shown[-1].buttons and await self.is_busy(said)
        return shown[:-1] if unfinished else shown

    async def spoken(self, channel: str, apart: Said) -> list[Seen]:
        page = await self._browsers[ANN].page(_path(channel))

        async def counts() -> list[str]:
            labels = [str(page.elements[one]["props"]["label"]) for one in page.found(css="replies")]
            return [label for label in labels if label != "Reply in thread"]

        *counted, _ = await until(counts)  # the last is that of the thread apart
        return [_read(page, one) for one in _messages(page)] + [Seen(words(one), (), (), (), ()) for one in counted]

    async def is_busy(self, said: Said) -> bool:
        page = await self._page(ANN, said)
        return "on" in page.elements[page.found(css="status")[-1]]["class"]

    async def heard(self, person: str, said: Said) -> list[str]:
        page = await self._page(person, said)
        private = [one for one in page.found(tag="nicegui-dialog") if "Only you see this" in page.text(one)]
        return [*page.notices, *(page.text(one) for one in private)]

    async def calls(self, said: Said) -> list[str]:
        page = await self._page(ANN, said)
        shown = " ".join(str(page.elements[one]) for message in _messages(page) for one in page.found(within=message))
        return re.findall(r"<(?:img|iframe|audio|video|a href=.https?:)[^>]*>", shown)

    async def settle(self) -> None:
        await asyncio.sleep(0.5)

    async def approvals(self, person: str) -> ApprovalsPage:
        """The page on which everything that waits stands, wherever it was asked for."""
        return ApprovalsPage(await self._browsers[person].page("/approvals"))

    async def _page(self, person: str, said: Said) -> Page:
        return await self._browsers[person].page(_path(said))


async def fill(page: Page, fields: Mapping[str, str]) -> None:
    """Fill the form in that is open, and send it."""

    async def asked() -> list[int]:
        return [one for dialog in page.found(tag="nicegui-dialog") for one in page.found(within=dialog, css="submit")]

    submit = (await until(asked))[-1]
    for name, value in fields.items():
        await page.write(page.found(label=_FIELDS[name])[-1], value)
    await page.click(submit)


async def _is_sent(page: Page, draft: str) -> bool:
    """Whether the page was told that the server has these words."""
    return any("footnote.sent(" in code and draft in code for code in page.ran)


def _path(where: str | Said) -> str:
    if isinstance(where, str):
        return f"/?{urlencode({'channel': where})}"
    return f"/?{urlencode({'channel': where.channel, 'thread': where.thread})}"


def _messages(page: Page) -> list[int]:
    """What the assistant has said in what is open to the right: the thread, or the channel."""
    pane = page.found(css="pane")[-1]
    return [one for one in page.found(within=pane, css="message") if "assistant" in page.elements[one]["class"]]


def _buttons(page: Page, message: int, action: Action) -> list[int]:
    named: list[dict[str, str]] = [{"label": _LABELS[action]}, {"aria": _LABELS[action]}]
    return [one for wanted in named for one in page.found(within=message, tag="q-btn", **wanted)]


def _read(page: Page, message: int) -> Seen:
    body = page.found(within=message, css="body")[0]
    shown = [str(page.elements[one].get("props", {}).get("innerHTML", "")) for one in page.found(within=body)]
    text = " ".join(one for one in shown if not one.startswith(("<ol", "<section")))
    notes = " ".join(one for one in shown if one.startswith("<ol"))
    card = " ".join(one for one in shown if one.startswith("<section"))
    return Seen(
        words=words(_plain(text)),
        footnotes=tuple(" ".join(words(_plain(one))) for one in re.findall(r"<b>(.*?)</b>", notes)),
        buttons=tuple(action.value for action in _LABELS if _buttons(page, message, action)),
        notes=tuple(" ".join(words(page.text(one))) for one in page.found(within=body, css="note")),
        card=tuple(
            " ".join(words(_plain(one))) for one in re.split(r"</?(?:h3|dt|dd|p)\b", card) if words(_plain(one))
        ),
    )


def _plain(markup: str) -> str:
    return re.sub(r"<[^>]*>", " ", f"<{markup}" if markup.startswith(" ") else markup)


class ApprovalsPage:
    """What waits for a decision, of every platform, before one person."""

    def __init__(self, page: Page) -> None:
        self._page = page

    async def sees(self, text: str) -> bool:
        return text in self._page.text(self._page.found(css="waiting")[0])

    async def has_logged(self, text: str) -> bool:
        return not await self.sees(text) and any(text in self._page.text(one) for one in self._page.found(css="main"))

    async def approve(self, text: str) -> None:
        page = self._page
        waiting = page.elements[page.found(css="waiting")[0]]["children"]
        (card,) = [one for one in waiting if text in page.text(one)]
        await page.click(page.found(within=card, label="Approve")[0])
