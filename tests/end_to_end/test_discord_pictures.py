"""What people see on Discord, as pictures for the documentation: the double's messages, drawn as Discord draws them.

FOOTNOTE_PICTURES=docs/pictures makes discord-answer.png and discord-approval.png.
"""

from __future__ import annotations

import html
import re
from pathlib import Path
from typing import Any

from playwright.async_api import Browser

from tests.end_to_end.conftest import picture
from tests.end_to_end.newsroom import Clock, printed
from tests.end_to_end.test_discord import HOTELS, team
from tests.end_to_end.test_discord_digests import DiscordNewsroom
from tests.servers.discord import Discord, Message
from tests.servers.web_sources import web_sources

STYLE = """
body { margin: 0; background: #313338; color: #dbdee1; font: 16px/1.375 'gg sans', 'Noto Sans', Helvetica, Arial, sans-serif; }
#thread { width: 760px; padding: 16px 0 20px; }
.title { border-bottom: 1px solid #26272b; margin: 0 0 12px; padding: 0 16px 12px; font-weight: 600; color: #f2f3f5; }
.message { display: flex; gap: 16px; padding: 6px 16px; }
.avatar { width: 40px; height: 40px; border-radius: 50%; flex: none; display: grid; place-items: center; color: white;
  font-weight: 600; }
.who { color: #f2f3f5; font-weight: 500; } .app { background: #5865f2; color: white; border-radius: 3px; font-size: 10px;
  padding: 1px 4px; margin-left: 4px; vertical-align: 2px; } .at { color: #949ba4; font-size: 12px; margin-left: 8px; }
.body { flex: 1; min-width: 0; } p { margin: 0 0 6px; white-space: pre-wrap; }
small { color: #949ba4; font-size: 13px; display: block; margin: 1px 0; } a { color: #00a8fc; text-decoration: none; }
h1, h2, h3 { margin: 2px 0 8px; color: #f2f3f5; font-size: 18px; }
hr { border: 0; border-top: 1px solid #43454b; margin: 10px 0; }
code { background: #2b2d31; border-radius: 3px; padding: 1px 4px; font-size: 85%; }
.container { background: #2b2d31; border: 1px solid #3f4147; border-left: 4px solid; border-radius: 8px; padding: 14px 16px;
  margin: 4px 0; }
.row { display: flex; gap: 8px; margin-top: 10px; } .button { border-radius: 8px; padding: 6px 16px; font-size: 14px;
  font-weight: 500; color: white; background: #4e5058; } .s3 { background: #248046; } .s4 { background: #da373c; }
"""
COLOURS = ("#5865f2", "#3ba55d", "#eb459e", "#faa61a")


def page(title: str, messages: list[Message]) -> str:
    shown = "".join(map(_message, messages))
    return f"<style>{STYLE}</style><div id=thread><div class=title># {html.escape(title)}</div>{shown}</div>"


def _message(message: Message) -> str:
    name = "Footnote" if message.author.bot else message.author.name.title()
    app = "<span class=app>APP</span>" if message.author.bot else ""
    colour = COLOURS[0 if message.author.bot else 1 + message.author.id % 3]
    words = _text(message.content) if message.content else "".join(map(_component, message.components))
    return (
        f'<div class=message><div class=avatar style="background:{colour}">{name[0]}</div><div class=body>'
        f"<span class=who>{name}</span>{app}<span class=at>Today at 09:12</span>{words}</div></div>"
    )


def _component(one: dict[str, Any]) -> str:
    inner = "".join(_component(child) for child in one.get("components", ()))
    match one["type"]:
        case 17:
            return f'<div class=container style="border-left-color:#{one["accent_color"]:06x}">{inner}</div>'
        case 14:
            return "<hr>"
        case 10:
            return _text(one["content"])
        case 1:
            return f"<div class=row>{inner}</div>"
        case _:
            return f'<span class="button s{one["style"]}">{html.escape(one["label"])}</span>'


def _text(text: str) -> str:
    """Discord's Markdown, as far as it comes."""
    blocks = []
    for line in text.replace("<@", "&lt;@").split("\n"):
        if line.startswith("-# "):
            blocks.append(f"<small>{_inline(line[3:])}</small>")
        elif match := re.match(r"(#{1,3}) (.*)", line):
            blocks.append(f"<h3>{_inline(match[2])}</h3>")
        elif line.startswith("- "):
            blocks.append(f"<p>• {_inline(line[2:])}</p>")
        elif line:
            blocks.append(f"<p>{_inline(line)}</p>")
    return "".join(blocks)


def _inline(text: str) -> str:
    held: list[str] = []

    def hold(match: re.Match[str]) -> str:
        held.append(html.escape(match[1]))
        return f"\ue000{len(held) - 1}\ue001"

    shown = html.escape(re.sub(r"\\([^\w\s])", hold, text), quote=False)
    shown = re.sub(r"\[([^\]]+)\]\(&lt;(.*?)&gt;\)", r"<a href='#'>\1</a>", shown)
    shown = re.sub(r"\*\*(.+?)\*\*", r"<b>\1</b>", shown)
    shown = re.sub(r"\*(.+?)\*", r"<i>\1</i>", shown)
    shown = re.sub(r"`([^`]+)`", r"<code>\1</code>", shown)
    shown = re.sub(r"&amp;lt;@\d+>|&amp;lt;@\d+&gt;", "<a>@Footnote</a>", shown)
    return re.sub("\ue000(\\d+)\ue001", lambda match: held[int(match[1])], shown)


async def _draw(browser: Browser, title: str, messages: list[Message], name: str) -> None:
    context = await browser.new_context(viewport={"width": 760, "height": 300}, device_scale_factor=2)
    drawn = await context.new_page()
    await drawn.set_content(page(title, messages))
    height = await drawn.evaluate("document.getElementById('thread').offsetHeight")
    await drawn.set_viewport_size({"width": 760, "height": height})
    assert await drawn.get_by_text("Footnote", exact=True).first.is_visible()
    await picture(drawn, name)
    await context.close()


async def test_an_answer_and_an_approval_are_drawn(browser: Browser, tmp_path: Path) -> None:
    async with (
        Discord(rate_limits=False) as discord,
        team(discord, tmp_path, public_url="https://footnote.example.org") as here,
    ):
        asked = await discord.mention("alice", "general", HOTELS)
        answer = await here.answered(asked.id)
        await _draw(browser, HOTELS, [asked, answer], "discord-answer")
        wish = "remember that the doors of the Oslo office close at six on Fridays"
        wanted = await discord.mention("bob", "general", wish)
        waiting = await here.answered(wanted.id)
        drawn = [wanted, waiting]
        await _draw(browser, wish, drawn, "discord-approval")
        await (await discord.press("alice", waiting, "Approve")).answered()
        await discord.until(lambda: "Done" in waiting.text, within=15)


async def test_a_digest_is_drawn(browser: Browser, tmp_path: Path) -> None:
    clock = Clock()
    with web_sources() as host:
        async with (
            Discord(rate_limits=False) as discord,
            team(discord, tmp_path, clock=clock, allow_private_hosts="127.0.0.1") as here,
        ):
            messages = await printed(DiscordNewsroom(here, host, clock))
            await _draw(browser, "general", messages, "discord-digest")
