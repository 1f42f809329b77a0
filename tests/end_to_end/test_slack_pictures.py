"""What people see on Slack, drawn from the recorded messages: pictures for the documentation where FOOTNOTE_PICTURES asks."""

from __future__ import annotations

import html
import os
import re
from pathlib import Path
from typing import Any

from markdown_it import MarkdownIt
from playwright.async_api import Browser

from tests.end_to_end.newsroom import PRINTED, Clock, printed
from tests.end_to_end.on_slack import HOTELS, Team, team, workspace
from tests.end_to_end.test_slack_digests import SlackNewsroom
from tests.servers.slack import Message, Slack
from tests.servers.web_sources import web_sources

STYLE = """
body { margin: 0; background: #fff; color: #1d1c1d;
  font: 15px/1.46 Lato, "Noto Sans", "Helvetica Neue", Arial, sans-serif; }
header { padding: 14px 20px; border-bottom: 1px solid #ddd; font-weight: 800; font-size: 17px; }
header small { font-weight: 400; font-size: 13px; color: #616061; margin-left: 6px; }
main { padding: 8px 0 14px; }
article { display: flex; gap: 10px; padding: 9px 20px; }
.face { width: 36px; height: 36px; border-radius: 6px; flex: none; display: grid; place-items: center;
  color: #fff; font-weight: 700; }
.who { font-weight: 800; }
.when { color: #616061; font-size: 12px; margin-left: 6px; }
.app { background: #ececec; color: #616061; font-size: 10px; font-weight: 700;
  padding: 1px 4px; border-radius: 2px; margin-left: 5px; }
.at { background: #e8f5fa; color: #1264a3; border-radius: 3px; padding: 0 2px; }
p { margin: 2px 0 8px; }
a { color: #1264a3; text-decoration: none; }
h2 { font-size: 18px; line-height: 1.3; margin: 4px 0 6px; font-weight: 800; }
.context { color: #616061; font-size: 13px; margin: 4px 0; display: flex; gap: 2px 10px; flex-wrap: wrap; }
.fields p { margin: 4px 0; white-space: pre-line; }
.actions { display: flex; gap: 8px; margin: 8px 0 4px; }
button { font: 700 13px Lato, "Noto Sans", Arial, sans-serif; color: #1d1c1d; background: #fff;
  padding: 6px 12px; border: 1px solid #bbb; border-radius: 6px; }
button.primary { background: #007a5a; border-color: #007a5a; color: #fff; }
button.danger { color: #e01e5a; border-color: #e01e5a; }
button.thumb { border-color: #ddd; padding: 3px 9px; font-size: 14px; }
"""
COLOURS = {True: "#2b2d42", False: "#4a7c59"}


def drawn(slack: Slack, messages: list[Message], heading: str) -> str:
    """Messages as Slack shows them, near enough."""
    body = "".join(_message(slack, one) for one in messages if one.ephemeral_to is None)
    return (
        f"<!doctype html><meta charset=utf-8><style>{STYLE}</style><div id=thread style='width: 640px'>"
        f"<header>{heading}</header><main>{body}</main></div>"
    )


def _message(slack: Slack, message: Message) -> str:
    user = slack.users[message.user]
    face = (
        f"<div class=face style='background:{COLOURS[user.is_bot]}'>{'F¹' if user.is_bot else user.real_name[0]}</div>"
    )
    badge = "<span class=app>APP</span>" if user.is_bot else ""
    written = any(block["type"] in ("markdown", "rich_text") for block in message.blocks)
    streamed = [] if written or not message.stream else [{"type": "markdown", "text": message.text}]
    blocks = "".join(_block(block) for block in (*streamed, *message.blocks))
    shown = blocks if user.is_bot else f"<p>{_said(slack, message)}</p>"
    head = f"<span class=who>{user.real_name}</span>{badge}<span class=when>9:41 AM</span>"
    return f"<article>{face}<div>{head}{shown}</div></article>"


def _said(slack: Slack, message: Message) -> str:
    text = html.escape(message.text)
    return re.sub(r"&lt;@(\w+)&gt;", lambda found: f"<span class=at>@{slack.users[found[1]].real_name}</span>", text)


def _block(block: dict[str, Any]) -> str:
    match block["type"]:
        case "markdown":
            return MarkdownIt("commonmark").render(block["text"])
        case "header":
            return f"<h2>{html.escape(block['text']['text'])}</h2>"
        case "context":
            return f"<div class=context>{''.join(f'<span>{_text(one)}</span>' for one in block['elements'])}</div>"
        case "rich_text":
            return f"<div class=fields>{''.join(f'<p>{_section(one)}</p>' for one in block['elements'])}</div>"
        case "actions":
            return f"<div class=actions>{''.join(map(_button, block['elements']))}</div>"
        case "context_actions":
            thumbs = (block["elements"][0][name]["text"]["text"] for name in ("positive_button", "negative_button"))
            return f"<div class=actions>{''.join(f'<button class=thumb>{thumb}</button>' for thumb in thumbs)}</div>"
    return ""


def _text(element: dict[str, Any]) -> str:
    if element["type"] == "plain_text":
        return html.escape(element["text"])
    told = re.sub(r"<!date[^|>]*\|([^>]*)>", r"\1", element["text"])
    return re.sub(r"<([^|>]+)\|([^>]*)>", r"<a href='\1'>\2</a>", told)


def _section(section: dict[str, Any]) -> str:
    texts = ((one["text"], (one.get("style") or {}).get("bold")) for one in section["elements"])
    return "".join(f"<b>{html.escape(text)}</b>" if bold else html.escape(text) for text, bold in texts)


def _button(element: dict[str, Any]) -> str:
    return f"<button class='{element.get('style', '')}'>{html.escape(element['text']['text'])}</button>"


async def picture(browser: Browser, slack: Slack, messages: list[Message], heading: str, name: str) -> str:
    """Draw messages and keep that, where pictures are asked for; the text that is seen in it."""
    context = await browser.new_context(viewport={"width": 640, "height": 900}, device_scale_factor=2)
    page = await context.new_page()
    await page.set_content(drawn(slack, messages, heading))
    shown = page.locator("#thread")
    if folder := os.environ.get("FOOTNOTE_PICTURES"):
        await shown.screenshot(path=Path(folder) / f"{name}.png")
    return await shown.inner_text()


async def of_thread(browser: Browser, here: Team, thread: str, name: str) -> str:
    heading = "Thread<small>#general</small>"
    return await picture(browser, here.slack, here.slack.messages("general", thread), heading, name)


async def test_an_answer_and_a_card_as_they_look(browser: Browser, tmp_path: Path) -> None:
    async with workspace() as slack, team(slack, tmp_path, public_url="https://footnote.example.org") as here:
        slack.user("ada").real_name, slack.user("ben").real_name = "Ada Park", "Ben Osei"
        asked = await slack.mention("ada", "general", HOTELS)
        await here.answered("general", asked.ts)
        await slack.say("ben", "general", "are meals while travelling refunded?", asked.ts)
        await here.answered("general", asked.ts, 2)
        seen = await of_thread(browser, here, asked.ts, "slack-answer")
        assert "Hotels may cost 150 euros a night." in seen
        assert "Expense policy" in seen
        asked = await slack.mention("ada", "general", "remember that hotels in Lisbon may cost 170 euros in June")
        card = await here.answered("general", asked.ts)
        seen = await of_thread(browser, here, asked.ts, "slack-approval")
        assert "Approve" in seen
        assert "Waits for a decision until" in seen
        assert card.blocks


async def test_a_digest_as_it_looks(browser: Browser, tmp_path: Path) -> None:
    clock = Clock()
    with web_sources() as host:
        async with workspace() as slack, team(slack, tmp_path, clock=clock, allow_private_hosts="127.0.0.1") as here:
            slack.user("ada").real_name = "Ada Park"
            messages = await printed(SlackNewsroom(here, host, clock))
            seen = await picture(browser, slack, messages, "#general", "slack-digest")
    for words in PRINTED:
        assert words in seen
