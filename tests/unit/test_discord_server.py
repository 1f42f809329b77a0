"""The double of Discord, spoken to by the real discord.py: what works, and each refusal once."""

from __future__ import annotations

import asyncio
import io
import json
import re
import zlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
import discord
import pytest
from discord import app_commands

from tests.servers.discord import Discord, P, pointed_at
from tests.servers.discord.models import Flag


class App(discord.Client):
    """A small application that keeps what it hears."""

    def __init__(self, **options: Any) -> None:
        options.setdefault("intents", discord.Intents(guilds=True, messages=True, message_content=True))
        super().__init__(**options)
        self.tree = app_commands.CommandTree(self)
        self.heard: list[discord.Message] = []
        self.edited: list[discord.RawMessageUpdateEvent] = []
        self.deleted: list[discord.RawMessageDeleteEvent] = []
        self.events: list[str] = []

    async def before_identify_hook(self, shard_id: int | None, *, initial: bool = False) -> None:
        """The library would wait five seconds here before each identification but the first."""

    async def on_message(self, message: discord.Message) -> None:
        if message.author != self.user:
            self.heard.append(message)

    async def on_raw_message_edit(self, event: discord.RawMessageUpdateEvent) -> None:
        self.edited.append(event)

    async def on_raw_message_delete(self, event: discord.RawMessageDeleteEvent) -> None:
        self.deleted.append(event)

    async def on_socket_event_type(self, name: str) -> None:
        self.events.append(name)

    def place(self, channel: Any) -> discord.TextChannel:
        found = self.get_channel(channel.id)
        assert isinstance(found, discord.TextChannel)
        return found


@asynccontextmanager
async def running(server: Discord, app: discord.Client | None = None) -> AsyncIterator[App]:
    """An application that is ready, until the block ends."""
    client = app or App()
    client._connection.guild_ready_timeout = 0.2
    with pointed_at(server.api_url, server.gateway_url):
        task = asyncio.create_task(client.start(server.token))
        ready = asyncio.create_task(client_ready(client))
        done, _ = await asyncio.wait({task, ready}, timeout=15, return_when=asyncio.FIRST_COMPLETED)
        try:
            if task in done:
                task.result()
            assert ready in done, "the application never became ready"
            yield client  # type: ignore[misc]
        finally:
            ready.cancel()
            await client.close()
            await asyncio.gather(task, return_exceptions=True)


async def client_ready(client: discord.Client) -> None:
    while client._ready is discord.utils.MISSING:
        await asyncio.sleep(0.01)
    await client.wait_until_ready()


@pytest.fixture
async def server() -> AsyncIterator[Discord]:
    async with Discord(rate_limits=False) as one:
        yield one


# messages


async def test_a_mention_is_heard_and_answered(server: Discord) -> None:
    async with running(server) as app:
        await server.mention("alice", "general", "who owns billing?", files=[("notes.txt", b"see the wiki")])
        await server.until(lambda: app.heard)
        heard = app.heard[0]
        assert heard.content == f"{server.bot.mention} who owns billing?"
        assert app.user in heard.mentions
        assert heard.guild is not None
        assert heard.guild.name == "Team"
        assert isinstance(heard.author, discord.Member)
        assert await heard.attachments[0].read() == b"see the wiki"
        async with heard.channel.typing():
            await heard.reply("the platform team", embed=discord.Embed(title="Source", description="wiki"))
        answer = server.messages("general")[-1]
        assert answer.text == "the platform team\nSource\nwiki"
        assert answer.reference == (server.general.id, heard.id)
        assert server.pings(server.alice) == [answer]
        assert [one.channel for one in server.typing] == [server.general]


async def test_compression_is_what_the_library_asks_for(server: Discord, monkeypatch: pytest.MonkeyPatch) -> None:
    async with running(server):
        assert server.gateway.connections[0].request.query["compress"] == "zstd-stream"


async def test_a_webhook_writes_without_being_a_member(server: Discord) -> None:
    async with running(server) as app:
        said = await server.webhook_says("general", f"deployed {server.bot.mention}")
        await server.until(lambda: app.heard)
        (heard,) = app.heard
        assert (heard.webhook_id, heard.author.bot, isinstance(heard.author, discord.Member)) == (
            said.webhook,
            True,
            False,
        )
        assert heard.mentions == [app.user]


async def test_edit_delete_list_and_react(server: Discord) -> None:
    async with running(server) as app:
        channel = app.place(server.general)
        said = await server.say("bob", "general", "hello")
        sent = await channel.send("first", file=discord.File(io.BytesIO(b"png"), "plot.png"))
        await sent.edit(content="second")
        await sent.add_reaction("👍")
        assert [one.content async for one in channel.history(limit=5)] == ["second", "hello"]
        shown = server.messages("general")[-1]
        assert (shown.content, shown.versions, shown.reactions) == ("second", ["first"], {"👍": [server.bot.id]})
        assert (shown.attachments[0].filename, shown.attachments[0].content_type) == ("plot.png", "image/png")
        await sent.remove_reaction("👍", discord.Object(server.bot.id))
        await sent.delete()
        assert server.messages("general") == [said]
        with pytest.raises(discord.NotFound) as gone:
            await channel.fetch_message(sent.id)
        assert gone.value.code == 10008


async def test_a_reply_to_a_deleted_message_is_refused(server: Discord) -> None:
    async with running(server) as app:
        said = await server.say("bob", "general", "hello")
        await server.until(lambda: app.heard)
        await server.delete(said)
        await server.until(lambda: app.deleted)
        with pytest.raises(discord.HTTPException) as refused:
            await app.heard[0].reply("too late")
        assert refused.value.code == 50035
        assert "Unknown message" in str(refused.value)
        assert server.messages("general") == []


async def test_nobody_is_pinged_whom_allowed_mentions_leaves_out(server: Discord) -> None:
    async with running(server) as app:
        channel = app.place(server.general)
        text = f"@everyone {server.alice.mention} {server.bob.mention}"
        await channel.send(text, allowed_mentions=discord.AllowedMentions(users=[discord.Object(server.bob.id)]))
        await server.give_permission(server.general, P.MENTION_EVERYONE)
        await channel.send(text)
        await channel.send(text, allowed_mentions=discord.AllowedMentions.none())
        first, second, third = server.messages("general")
        assert (first.mentions, first.mention_everyone) == ([server.bob.id], False)
        assert (second.mentions, second.mention_everyone) == ([server.alice.id, server.bob.id], True)
        assert (third.mentions, third.mention_everyone) == ([], False)
        assert server.pings(server.alice) == [second]
        assert server.pings(server.carol) == [second]


async def test_a_nonce_makes_a_message_once(server: Discord) -> None:
    async with running(server) as app:
        channel = app.place(server.general)
        first = await channel.send("once", nonce="run-17")
        again = await channel.send("once", nonce="run-17")
        assert first.id == again.id
        server.clock.move(600)
        assert (await channel.send("once", nonce="run-17")).id != first.id


async def test_a_link_to_a_file_is_signed_and_grows_old(server: Discord) -> None:
    async with running(server) as app:
        await server.dm("carol", "look", files=[("a.txt", b"words")])
        await server.until(lambda: app.heard)
        file = app.heard[0].attachments[0]
        assert await file.read() == b"words"
        server.clock.move(90_000)
        with pytest.raises(discord.NotFound):
            await file.read()
        fresh = await app.heard[0].channel.fetch_message(app.heard[0].id)
        assert await fresh.attachments[0].read() == b"words"


async def test_a_direct_message_is_opened_answered_and_blocked(server: Discord) -> None:
    async with running(server) as app:
        user = await app.fetch_user(server.carol.id)
        await user.send("good morning")
        await server.dm("carol", "morning")
        await server.until(lambda: app.heard)
        assert app.heard[0].guild is None
        assert [one.content for one in server.dms(server.carol)] == ["good morning", "morning"]
        server.carol.blocks_dms = True
        with pytest.raises(discord.Forbidden) as refused:
            await user.send("still there?")
        assert refused.value.code == 50007


# the message content intent


async def test_without_the_content_intent_only_mentions_can_be_read() -> None:
    intents = discord.Intents(guilds=True, messages=True)
    async with Discord(content_intent=False) as server, running(server, App(intents=intents)) as app:
        plain = await server.say("alice", "general", "secret words", files=[("a.txt", b"x")])
        named = await server.mention("alice", "general", "a question")
        await server.dm("alice", "in private")
        await server.edit(plain, "other words")
        await server.edit(named, f"{server.bot.mention} another question")
        await server.until(lambda: len(app.heard) == 3 and len(app.edited) == 2)
        assert [one.content for one in app.heard] == ["", named.content, "in private"]
        assert app.heard[0].attachments == []
        assert [one.message.content for one in app.edited] == ["", named.content]
        fetched = await app.place(server.general).fetch_message(plain.id)
        assert fetched.content == ""


async def test_asking_for_an_intent_that_is_not_granted_is_refused() -> None:
    async with Discord(content_intent=False) as server:
        with pytest.raises(discord.PrivilegedIntentsRequired):
            async with running(server):
                pass


async def test_a_wrong_token_is_refused(server: Discord) -> None:
    server.settings.token, wrong = "another.token", server.settings.token
    client = App()
    with pointed_at(server.api_url, server.gateway_url), pytest.raises(discord.LoginFailure):
        await client.login(wrong)
    await client.close()


# threads


async def test_threads_are_made_written_in_archived_and_locked(server: Discord) -> None:
    async with running(server) as app:
        said = await server.say("bob", "general", "a long topic")
        await server.until(lambda: app.heard)
        thread = await app.heard[0].create_thread(name="topic", auto_archive_duration=60)
        assert thread.id == said.id
        assert said.flags & Flag.HAS_THREAD
        await thread.send("inside")
        mine = server.world.channels[thread.id]
        await server.archive(mine)
        await server.until(lambda: "THREAD_UPDATE" in app.events)
        await thread.send("awake again")
        assert not mine.archived
        await server.archive(mine, locked=True)
        with pytest.raises(discord.HTTPException) as locked:
            await thread.send("nobody may")
        assert locked.value.code == 160005
        with pytest.raises(discord.HTTPException) as twice:
            await app.heard[0].create_thread(name="again")
        assert twice.value.code == 160004


async def test_a_private_thread_is_seen_only_by_those_in_it(server: Discord) -> None:
    async with running(server) as app:
        thread = await server.create_thread("alice", "general", "salaries", private=True)
        with pytest.raises(discord.Forbidden) as hidden:
            await app.fetch_channel(thread.id)
        assert hidden.value.code == 50001
        await server.say("alice", thread, "the first words")
        await server.add_to_thread(thread, server.bot)
        await server.mention("alice", thread, "and now?")
        await server.until(lambda: app.heard)
        assert [one.clean_content for one in app.heard] == ["@footnote and now?"]
        assert isinstance(app.heard[0].channel, discord.Thread)
        private = await app.place(server.general).create_thread(name="mine")
        assert private.type is discord.ChannelType.private_thread


async def test_a_forum_post_is_a_thread_with_its_message(server: Discord) -> None:
    async with running(server) as app:
        post = await server.forum_post("bob", "ideas", "why?", f"{server.bot.mention} why?")
        await server.until(lambda: app.heard)
        assert app.heard[0].id == app.heard[0].channel.id == post.id
        forum = app.get_channel(server.ideas.id)
        assert isinstance(forum, discord.ForumChannel)
        made = await forum.create_thread(name="digest", content="today", applied_tags=[forum.available_tags[0]])
        assert server.messages(server.world.channels[made.thread.id])[0].content == "today"
        with pytest.raises(discord.HTTPException) as refused:
            await app.http.request(discord.http.Route("POST", f"/channels/{forum.id}/messages"), json={"content": "x"})
        assert refused.value.code == 40058


# permissions and disappearances


async def test_what_the_application_may_not_do_is_refused(server: Discord) -> None:
    async with running(server) as app:
        channel = app.place(server.general)
        said = await server.say("bob", "general", "mine")
        await server.until(lambda: app.heard)
        with pytest.raises(discord.Forbidden) as foreign:
            await app.http.request(
                discord.http.Route("PATCH", f"/channels/{channel.id}/messages/{said.id}"), json={"content": "changed"}
            )
        assert foreign.value.code == 50005
        await server.remove_permission(server.general, P.EMBED_LINKS)
        with pytest.raises(discord.Forbidden) as embeds:
            await channel.send(embed=discord.Embed(title="no"))
        assert embeds.value.code == 50013
        await server.remove_permission(server.general, P.SEND_MESSAGES)
        with pytest.raises(discord.Forbidden) as lacking:
            await channel.send("no")
        assert lacking.value.code == 50013
        await server.remove_permission(server.general, P.VIEW_CHANNEL)
        with pytest.raises(discord.Forbidden) as unseen:
            await channel.send("no")
        assert unseen.value.code == 50001
        await server.mention("bob", "general", "not heard")
        await server.mention("bob", "random", "heard")
        await server.until(lambda: len(app.heard) > 1)
        assert app.heard[-1].channel.id == server.random.id
        await server.delete_channel(server.random)
        await server.until(lambda: app.get_channel(server.random.id) is None)
        with pytest.raises(discord.NotFound) as gone:
            await app.heard[-1].channel.send("no")
        assert gone.value.code == 10003


async def test_kicked_and_invited_again(server: Discord) -> None:
    async with running(server) as app:
        await server.kick_bot(server.team)
        await server.until(lambda: not app.guilds)
        with pytest.raises(discord.Forbidden) as refused:
            await app.fetch_guild(server.team.id)
        assert refused.value.code == 50001
        await server.invite_bot(server.team)
        await server.until(lambda: app.guilds)
        await server.mention("bob", "general", "welcome back")
        await server.until(lambda: app.heard)
        await server.another_bot_says("general", "beep")
        await server.until(lambda: len(app.heard) == 2)
        assert app.heard[1].author.bot


async def test_an_ephemeral_message_is_heard_as_if_it_were_direct(server: Discord) -> None:
    intents = discord.Intents(guilds=True, dm_messages=True)
    app, heard = App(intents=intents), []

    @app.tree.command(description="Whisper")
    async def whisper(interaction: discord.Interaction) -> None:
        await interaction.response.send_message("psst", ephemeral=True)

    async def on_message(message: discord.Message) -> None:
        heard.append(message)

    app.on_message = on_message  # type: ignore[method-assign]
    async with running(server, app):
        await app.tree.sync()
        await server.slash("alice", "general", "whisper")
        await server.until(lambda: heard)
        assert heard[0].guild is None
        assert heard[0].flags.ephemeral
        assert heard[0].author == app.user


# commands, buttons, forms


class Decide(discord.ui.DynamicItem[discord.ui.Button[Any]], template=r"decide:(?P<run>\d+):(?P<what>\w+)"):
    """A button whose meaning is in its custom_id, so that it outlives a restart."""

    def __init__(self, run: int, what: str) -> None:
        super().__init__(discord.ui.Button(label=what.title(), custom_id=f"decide:{run}:{what}"))
        self.run, self.what = run, what

    @classmethod
    async def from_custom_id(cls, interaction: Any, item: Any, match: re.Match[str], /) -> Decide:
        return cls(int(match["run"]), match["what"])

    async def callback(self, interaction: discord.Interaction[Any]) -> None:
        if self.what == "edit":
            await interaction.response.send_modal(Wording())
        else:
            await interaction.response.edit_message(content=f"{self.run} {self.what} by {interaction.user}", view=None)


class Wording(discord.ui.Modal, title="Change the wording"):
    text = discord.ui.Label[Any](
        text="New text",
        component=discord.ui.TextInput(custom_id="text", style=discord.TextStyle.paragraph, max_length=100),
    )

    async def on_submit(self, interaction: discord.Interaction[Any]) -> None:
        assert isinstance(self.text.component, discord.ui.TextInput)
        await interaction.response.edit_message(content=f"edited: {self.text.component.value}")


def buttons(*what: str) -> discord.ui.View:
    view = discord.ui.View(timeout=None)
    for one in what:
        view.add_item(Decide(7, one))
    return view


async def test_a_slash_command_answers_for_one_or_for_all(server: Discord) -> None:
    app = App()

    @app.tree.command(description="Ask a question")
    @app_commands.describe(question="What to find out")
    async def ask(
        interaction: discord.Interaction, question: app_commands.Range[str, 1, 50], who: discord.Member
    ) -> None:
        await interaction.response.defer(ephemeral=True, thinking=True)
        await interaction.followup.send(f"{question} for {who.name}")
        await interaction.followup.send("one more", ephemeral=True)
        await interaction.edit_original_response(content="the answer")

    group = app_commands.Group(name="digest", description="Digests")

    @group.command(name="add", description="Subscribe")
    async def add(interaction: discord.Interaction, topic: str) -> None:
        answer = await interaction.response.send_message(f"subscribed to {topic}")
        assert isinstance(answer.resource, discord.InteractionMessage)

    @add.autocomplete("topic")
    async def topics(interaction: discord.Interaction, current: str) -> list[app_commands.Choice[str]]:
        return [app_commands.Choice(name=one, value=one) for one in ("ai", "art") if one.startswith(current)]

    app.tree.add_command(group)
    async with running(server, app):
        await app.tree.sync()
        assert [one.name for one in server.commands] == ["ask", "digest"]
        used = await server.slash("alice", "general", "ask", {"question": "why?", "who": server.bob})
        await used.answered()
        await server.until(lambda: used.followups and used.response and used.response.content == "the answer")
        assert [one.text for one in server.ephemerals(server.alice)] == ["the answer", "one more"]
        assert server.messages("general") == []
        adding = await server.slash("bob", "general", "digest add", {"topic": "ai"})
        await adding.answered()
        assert server.messages("general")[0].text == "subscribed to ai"
        assert [one.callback for one in server.acks] == [5, 4]
        assert all(one.seconds < 1 for one in server.acks)
        typed = await server.autocomplete("bob", "general", "digest add", {"topic": "a"}, "topic")
        await typed.answered()
        assert [one["value"] for one in typed.choices] == ["ai", "art"]
        with pytest.raises(ValueError, match="1 to 50"):
            await server.slash("alice", "general", "ask", {"question": "x" * 51, "who": server.bob})
        with pytest.raises(LookupError):
            await server.slash("alice", "general", "aks")


async def test_a_message_command_reads_the_message_without_the_intent() -> None:
    app = App(intents=discord.Intents(guilds=True))
    read: list[str] = []

    @app.tree.context_menu(name="Fact check")
    async def check(interaction: discord.Interaction, message: discord.Message) -> None:
        read.append(message.content)
        await interaction.response.send_message("checked", ephemeral=True)

    async with Discord(content_intent=False, rate_limits=False) as server, running(server, app):
        await app.tree.sync(guild=None)
        said = await server.say("bob", "general", "the moon is cheese")
        used = await server.context_menu("alice", said, "Fact check")
        await used.answered()
        assert read == ["the moon is cheese"]
        assert server.ephemerals(server.alice)[0].reference == (server.general.id, said.id)


async def test_buttons_outlive_a_restart_and_a_form_is_filled_in(server: Discord) -> None:
    async with running(server) as app:
        sent = await app.place(server.general).send("may I?", view=buttons("approve", "edit"))
    card = server.message(sent.id)
    assert card.buttons == ["Approve", "Edit"]
    async with running(server) as again:
        again.add_dynamic_items(Decide)
        opening = await server.press("alice", card, "Edit")
        await opening.answered()
        form = server.modals[0]
        assert (form.title, list(form.inputs)) == ("Change the wording", ["text"])
        with pytest.raises(ValueError, match="characters"):
            await server.submit("alice", form, {"text": "x" * 101})
        filled = await server.submit("alice", form.custom_id, {"text": "better"})
        await filled.answered()
        assert card.content == "edited: better"
        pressed = await server.press("bob", sent.id, "decide:7:approve")
        await pressed.answered()
        assert card.content == "7 approve by bob"
        assert card.buttons == []
        with pytest.raises(LookupError):
            await server.press("bob", card, "Approve")


async def test_a_layout_of_components(server: Discord) -> None:
    class Card(discord.ui.LayoutView):
        box = discord.ui.Container[Any](
            discord.ui.TextDisplay("# Report"),
            discord.ui.Section[Any]("A claim[1]", accessory=discord.ui.Button(label="Why?", custom_id="why")),
            discord.ui.Separator[Any](),
            discord.ui.File[Any]("attachment://data.csv"),
            discord.ui.ActionRow[Any](discord.ui.Button(label="Source", url="https://example.org")),
            accent_color=0x00FF00,
        )

    async with running(server) as app:
        channel = app.place(server.general)
        sent = await channel.send(view=Card(), file=discord.File(io.BytesIO(b"a,b"), "data.csv"))
        card = server.message(sent.id)
        assert card.text == "# Report\nA claim[1]"
        assert card.buttons == ["Why?", "Source"]
        with pytest.raises(discord.HTTPException) as refused:
            await channel.send("words", view=Card())  # type: ignore[call-overload]
        assert "IS_COMPONENTS_V2" in str(refused.value)
        with pytest.raises(discord.HTTPException, match="attachment"):
            await channel.send(view=Card())


async def test_an_answer_comes_in_time_and_once(server: Discord) -> None:
    async with running(server) as app:
        held: list[discord.Interaction] = []

        async def keep(interaction: discord.Interaction) -> None:
            held.append(interaction)

        app.on_interaction = keep  # type: ignore[attr-defined]
        view = discord.ui.View(timeout=None).add_item(discord.ui.Button(label="Approve", custom_id="yes"))
        sent = await app.place(server.general).send("may I?", view=view)
        for _ in range(3):
            await server.press("alice", sent.id, "Approve")
        await server.until(lambda: len(held) == 3)
        first, second, third = held
        with pytest.raises(discord.NotFound) as early:
            await first.followup.send("too early")
        assert early.value.code == 10015
        await first.response.send_message("yes")
        first.response._response_type = None
        with pytest.raises(discord.HTTPException) as twice:
            await first.response.send_message("yes again")
        assert twice.value.code == 40060
        await second.response.defer()
        server.clock.move(4)
        with pytest.raises(discord.NotFound) as late:
            await third.response.send_message("too late")
        assert late.value.code == 10062
        assert [one.id for one in server.failed] == [third.id]
        await second.edit_original_response(content="still possible", view=None)
        server.clock.move(900)
        with pytest.raises(discord.HTTPException) as old:
            await second.edit_original_response(content="too old")
        assert (old.value.status, old.value.code) == (401, 50027)
        assert server.message(sent.id).content == "still possible"


async def test_a_persistent_view_and_a_select(server: Discord) -> None:
    class Choice(discord.ui.View):
        @discord.ui.select(
            custom_id="scope", options=[discord.SelectOption(label="Team", value="t"), discord.SelectOption(label="Me")]
        )
        async def scope(self, interaction: discord.Interaction, select: discord.ui.Select[Any]) -> None:
            await interaction.response.send_message(f"chose {select.values[0]}", ephemeral=True)

        @discord.ui.select(cls=discord.ui.UserSelect, custom_id="who")
        async def who(self, interaction: discord.Interaction, select: discord.ui.UserSelect[Any]) -> None:
            await interaction.response.send_message(f"chose {select.values[0].name}", ephemeral=True)

    async with running(server) as app:
        app.add_view(Choice(timeout=None))
        sent = await app.place(server.general).send("which?", view=Choice(timeout=None))
        await (await server.choose("bob", sent.id, "scope", ["t"])).answered()
        await (await server.choose("bob", sent.id, "who", [server.carol])).answered()
        assert [one.text for one in server.ephemerals(server.bob)] == ["chose t", "chose carol"]
        assert server.ephemerals(server.alice) == []


# the gateway


async def test_a_dropped_connection_resumes_and_misses_nothing(server: Discord) -> None:
    async with running(server) as app:
        server.gateway.drop()
        await server.mention("alice", "general", "while away")
        await server.until(lambda: server.gateway.resumed == 1)
        server.gateway.drop(4000)
        await server.mention("alice", "general", "while away")
        await server.until(lambda: server.gateway.resumed == 2)
        server.gateway.ask_reconnect()
        await server.mention("alice", "general", "while away")
        await server.until(lambda: len(app.heard) == 3)
        await server.until(lambda: app.events.count("RESUMED") == 3)
        assert app.events.count("READY") == 1
        assert len({one.id for one in app.heard}) == 3


async def test_an_invalid_session_begins_anew(server: Discord) -> None:
    async with running(server) as app:
        server.gateway.invalidate()
        await server.until(lambda: app.events.count("READY") == 2 and server.connected)
        server.gateway.drop(forget=True)
        await server.until(lambda: app.events.count("READY") == 3)
        await server.mention("alice", "general", "hello again")
        await server.until(lambda: app.heard)


async def test_silence_is_noticed() -> None:
    async with Discord(heartbeat_interval=0.2) as server, running(server, App(heartbeat_timeout=0.6)) as app:
        server.gateway.fall_silent()
        await server.mention("alice", "general", "into the silence")
        await server.until(lambda: app.heard)
        assert app.events.count("RESUMED") >= 1


async def test_who_forgets_its_heartbeat_is_cut_off() -> None:
    async with Discord(heartbeat_interval=0.6) as server, running(server) as app:
        assert app.ws is not None
        assert app.ws._keep_alive is not None
        app.ws._keep_alive.stop()
        await server.until(lambda: server.gateway.resumed)


async def test_events_may_come_twice_and_in_another_order(server: Discord) -> None:
    async with running(server) as app:
        server.deliver(duplicate=1.0)
        await server.mention("alice", "general", "one")
        await server.until(lambda: len(app.heard) == 2)
        assert app.heard[0].id == app.heard[1].id
        server.deliver(swap=1.0)
        await server.mention("alice", "general", "two")
        await server.mention("alice", "general", "three")
        await server.until(lambda: len(app.heard) == 4)
        assert [one.clean_content for one in app.heard[2:]] == ["@footnote three", "@footnote two"]


async def test_shards_share_the_guilds() -> None:
    intents = discord.Intents(guilds=True, messages=True, message_content=True)

    class Sharded(App, discord.AutoShardedClient):
        pass

    async with Discord(shards=2) as server:
        other = server.add_guild("Other")
        place = server.add_channel("elsewhere", guild=other)
        async with running(server, Sharded(intents=intents)) as app:
            assert {one.shard_id for one in app.guilds} == {0, 1}
            await server.mention("alice", "general", "here")
            await server.mention("alice", place, "there")
            await server.dm("bob", "in private")
            await server.until(lambda: len(app.heard) == 3)


async def test_shards_identify_in_buckets_and_may_be_lost_one_by_one() -> None:
    class Sharded(App, discord.AutoShardedClient):
        pass

    async with Discord(shards=4, max_concurrency=2, session_start_limit=5) as server, running(server, Sharded()) as app:
        count, _, limit = await app.http.get_bot_gateway()
        assert (count, limit["max_concurrency"], limit["remaining"]) == (4, 2, 1)
        assert [one.shard for one in server.world.sessions] == [(number, 4) for number in range(4)]
        assert set(server.gateway.identified) == {0, 1}
        server.gateway.drop(forget=True, shard=2)
        await server.until(lambda: app.events.count("READY") == 5)
        assert sorted(one.shard[0] for one in server.world.sessions) == [0, 1, 2, 3]
        assert server.world.session_starts_left == 0


async def test_whoever_identifies_too_fast_is_told_to_try_again() -> None:
    async with Discord(identify_every=0.4, max_concurrency=2) as server:
        frame = {"op": 2, "d": {"token": server.token, "intents": 1, "properties": {}}}
        async with aiohttp.ClientSession() as session:
            answers = []
            for shard in ([0, 4], [2, 4], [1, 4]):
                async with session.ws_connect(f"{server.gateway_url}?v=10&encoding=json") as socket:
                    await socket.receive_json()
                    await socket.send_json(frame | {"d": {**frame["d"], "shard": shard}})  # type: ignore[dict-item]
                    answers.append((await socket.receive_json())["op"])
        assert answers == [0, 9, 0]


async def test_nothing_that_a_failing_test_prints_holds_a_token(server: Discord) -> None:
    app = App()

    @app.tree.command(description="Say hello")
    async def hello(interaction: discord.Interaction) -> None:
        await interaction.response.defer()
        await interaction.followup.send("hello")

    async with running(server, app):
        await app.tree.sync()
        used = await (await server.slash("alice", "general", "hello")).answered()
        await server.until(lambda: used.response and not used.response.loading)
        printed = repr([used, server.world, server.world.sessions, server.requests, server.rest.limits])
        secrets = [server.token, used.token, *(one.id for one in server.world.sessions)]
        assert [one for one in secrets if one in printed] == []


async def test_two_replicas_both_hear(server: Discord) -> None:
    async with running(server) as one, running(server) as two:
        await server.mention("alice", "general", "who answers?")
        await server.until(lambda: one.heard and two.heard)


async def test_looking_around() -> None:
    intents = discord.Intents(guilds=True, members=True, messages=True, message_content=True)
    async with Discord(members_intent=True, rate_limits=False) as server, running(server, App(intents=intents)) as app:
        guild = app.get_guild(server.team.id)
        assert guild is not None
        assert guild.chunked
        assert {one.name for one in guild.members} == {"alice", "bob", "carol", "footnote"}
        assert guild.me.guild_permissions.send_messages
        assert [one.name for one in await guild.fetch_channels()] == ["general", "random", "news", "ideas"]
        assert (await guild.fetch_member(server.bob.id)).global_name == "Bob"
        assert len([one async for one in guild.fetch_members()]) == 4
        assert [one.name for one in await guild.fetch_roles()] == ["@everyone", "footnote"]
        assert (await app.fetch_guild(guild.id)).approximate_member_count == 4
        assert (await app.application_info()).flags.gateway_message_content_limited
        dave = server.add_user("dave")
        await server.until(lambda: guild.get_member(dave.id))
        open_one = await server.create_thread("bob", "general", "open")
        shut = await server.create_thread("bob", "general", "shut")
        await server.archive(shut)
        assert [one.id for one in await guild.active_threads()] == [open_one.id]
        assert [one.id async for one in app.place(server.general).archived_threads()] == [shut.id]
        thread = await app.fetch_channel(open_one.id)
        assert isinstance(thread, discord.Thread)
        await thread.join()
        assert {one.id for one in await thread.fetch_members()} == {server.bob.id, server.bot.id}
        await thread.leave()
        with pytest.raises(discord.NotFound) as nobody:
            await guild.fetch_member(1)
        assert nobody.value.code == 10013


# limits and failures


async def test_rate_limits_are_told_and_kept_by_the_library() -> None:
    async with Discord() as server, running(server) as app:
        server.rest.limits.buckets["POST /channels/{channel_id}/messages"] = (2, 0.3)
        channel = app.place(server.general)
        await asyncio.gather(*(channel.send(str(number)) for number in range(5)))
        assert len(server.messages("general")) == 5
        assert server.violations == []


async def test_whoever_ignores_the_limits_gets_429() -> None:
    async with Discord(global_limit=3) as server:
        server.rest.limits.buckets["GET /users/@me"] = (1, 60.0)
        answers = [await raw(server, "GET", "/users/@me") for _ in range(2)]
        assert [one[0] for one in answers] == [200, 429]
        assert answers[1][1]["global"] is False
        assert answers[1][1]["retry_after"] > 50
        for _ in range(2):
            status, body = await raw(server, "GET", "/gateway/bot")
        assert (status, body["global"]) == (429, True)
        assert [one.scope for one in server.violations] == ["user", "global"]


async def test_failures_on_demand(server: Discord) -> None:
    send = "POST /channels/{channel_id}/messages"
    async with running(server) as app:
        channel = app.place(server.general)
        server.fail(send, 429, retry_after=0.01, scope="shared", code=20028)
        await channel.send("after a pause")
        server.fail(send, 502)
        await channel.send("after a second")
        server.fail(send, 503, times=1)
        with pytest.raises(discord.DiscordServerError):
            await channel.send("never")
        server.fail(send, "drop")
        with pytest.raises(Exception, match=r"disconnected|reset"):
            await channel.send("never")
        server.fail(send, "drop", after=True)
        with pytest.raises(Exception, match=r"disconnected|reset"):
            await channel.send("sent, but who knows")
        server.fail(send, "hang")
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(channel.send("hanging"), 0.2)
        assert [one.content for one in server.messages("general")] == [
            *("after a pause", "after a second", "sent, but who knows"),
        ]
        assert [one.status for one in server.asked(send)][:4] == [429, 200, 502, 200]


async def test_seeded_chaos_is_the_same_each_time(server: Discord) -> None:
    draws = []
    for _ in range(2):
        chaos = server.chaos(0.5, seed=3)
        draws.append([(one.how, one.after) if one else None for one in (chaos.draw("x") for _ in range(20))])
    assert draws[0] == draws[1]
    assert None in draws[0]
    assert any(draws[0])


# refusals, each once, with no library between


async def raw(server: Discord, method: str, path: str, body: Any = None, token: str | None = None) -> tuple[int, Any]:
    headers = {"Authorization": f"Bot {token or server.token}"}
    async with (
        aiohttp.ClientSession() as session,
        session.request(method, server.api_url + path, json=body, headers=headers) as answer,
    ):
        return answer.status, await answer.json() if answer.status != 204 else None


def row(*children: dict[str, Any]) -> dict[str, Any]:
    return {"type": 1, "components": list(children)}


def button(custom_id: str = "a", **more: Any) -> dict[str, Any]:
    return {"type": 2, "style": 1, "label": "A", "custom_id": custom_id} | more


def text(content: str) -> dict[str, Any]:
    return {"type": 10, "content": content}


V2 = 1 << 15
BAD_MESSAGES: list[tuple[dict[str, Any], str, str]] = [
    ({"content": "x" * 2001}, "content", "BASE_TYPE_MAX_LENGTH"),
    ({"embeds": [{"title": "x"}] * 11}, "embeds", "BASE_TYPE_BAD_LENGTH"),
    ({"embeds": [{"title": "x" * 257}]}, "embeds.0.title", "BASE_TYPE_MAX_LENGTH"),
    ({"embeds": [{"description": "x" * 4097}]}, "embeds.0.description", "BASE_TYPE_MAX_LENGTH"),
    ({"embeds": [{"description": "x" * 3001}] * 2}, "embeds", "MAX_EMBED_SIZE_EXCEEDED"),
    ({"embeds": [{"fields": [{"name": "n", "value": "x" * 1025}]}]}, "embeds.0.fields.0.value", "BASE_TYPE_MAX_LENGTH"),
    ({"embeds": [{"fields": [{"name": "n", "value": "v"}] * 26}]}, "embeds.0.fields", "BASE_TYPE_BAD_LENGTH"),
    ({"content": "x", "components": [row(button())] * 6}, "components", "BASE_TYPE_BAD_LENGTH"),
    (
        {"content": "x", "components": [row(*(button(str(n)) for n in range(6)))]},
        "components.0.components",
        "BASE_TYPE_BAD_LENGTH",
    ),
    (
        {"content": "x", "components": [row(button("x" * 101))]},
        "components.0.components.0.custom_id",
        "BASE_TYPE_BAD_LENGTH",
    ),
    (
        {"content": "x", "components": [row(button(), button())]},
        "components.0.components.1.custom_id",
        "COMPONENT_CUSTOM_ID_DUPLICATED",
    ),
    (
        {"content": "x", "components": [row(button(label="x" * 81))]},
        "components.0.components.0.label",
        "BASE_TYPE_MAX_LENGTH",
    ),
    (
        {"content": "x", "components": [row(button(url="https://a.b"))]},
        "components.0.components.0.url",
        "BUTTON_COMPONENT_URL_NOT_ALLOWED",
    ),
    ({"content": "x", "components": [button()]}, "components.0", "UNION_TYPE_CHOICES"),
    ({"content": "x", "components": [text("no flag")]}, "components.0", "UNION_TYPE_CHOICES"),
    (
        {"content": "x", "components": [text("t")], "flags": V2},
        "content",
        "MESSAGE_CANNOT_USE_LEGACY_FIELDS_WITH_COMPONENTS_V2",
    ),
    (
        {"components": [text("x" * 2001), text("x" * 2000)], "flags": V2},
        "components",
        "COMPONENT_DISPLAYABLE_TEXT_SIZE_EXCEEDED",
    ),
    ({"components": [text("x")] * 41, "flags": V2}, "components", "COMPONENT_MAX_TOTAL_COMPONENTS_EXCEEDED"),
    (
        {"components": [{"type": 9, "components": [text("x")] * 4, "accessory": button()}], "flags": V2},
        "components.0.components",
        "BASE_TYPE_BAD_LENGTH",
    ),
    (
        {
            "content": "x",
            "components": [row({"type": 3, "custom_id": "s", "options": [{"label": "l", "value": "v"}] * 26})],
        },
        "components.0.components.0.options",
        "BASE_TYPE_BAD_LENGTH",
    ),
    (
        {"content": "x", "allowed_mentions": {"parse": ["users"], "users": ["1"]}},
        "allowed_mentions",
        "MESSAGE_ALLOWED_MENTIONS_PARSE_EXCLUSIVE",
    ),
    ({"content": "x", "nonce": "x" * 26}, "nonce", "BASE_TYPE_MAX_LENGTH"),
    (
        {"content": "x", "message_reference": {"message_id": "1"}},
        "message_reference",
        "MESSAGE_REFERENCE_UNKNOWN_MESSAGE",
    ),
    ({"content": "x", "attachments": [{"id": 0, "filename": "a"}]}, "attachments.0", "ATTACHMENT_NOT_FOUND"),
]


@pytest.mark.parametrize(("body", "path", "code"), BAD_MESSAGES, ids=[one[1] + ":" + one[2] for one in BAD_MESSAGES])
async def test_a_message_that_breaks_a_rule(server: Discord, body: dict[str, Any], path: str, code: str) -> None:
    status, answer = await raw(server, "POST", f"/channels/{server.general.id}/messages", body)
    assert (status, answer["code"], answer["message"]) == (400, 50035, "Invalid Form Body")
    assert code in errors_at(answer, path)
    assert server.messages("general") == []


def errors_at(answer: dict[str, Any], path: str) -> list[str]:
    node = answer["errors"]
    for part in path.split("."):
        node = node[part]
    return [one["code"] for one in node["_errors"]]


def command(**more: Any) -> dict[str, Any]:
    return {"name": "ask", "description": "Ask"} | more


def option(name: str = "topic", **more: Any) -> dict[str, Any]:
    return {"type": 3, "name": name, "description": "what"} | more


@pytest.mark.parametrize(
    ("body", "path"),
    [
        (command(name="Ask"), "name"),
        (command(name="two words"), "name"),
        (command(name="x" * 33), "name"),
        (command(description=""), "description"),
        (command(description="x" * 101), "description"),
        (command(options=[option(str(n)) for n in range(26)]), "options"),
        (command(options=[option(), option()]), "options.1.name"),
        (command(options=[option("a"), option("b", required=True)]), "options.1"),
        (command(options=[option(choices=[{"name": "n", "value": "v"}] * 26)]), "options.0.choices"),
        (command(type=3, description="not here", name="Check"), "description"),
    ],
)
async def test_a_command_that_breaks_a_rule(server: Discord, body: dict[str, Any], path: str) -> None:
    status, answer = await raw(server, "POST", f"/applications/{server.bot.id}/commands", body)
    assert (status, answer["code"]) == (400, 50035)
    assert errors_at(answer, path)
    assert server.commands == []


async def test_commands_are_made_changed_and_limited(server: Discord) -> None:
    path = f"/applications/{server.bot.id}/commands"
    local = f"/applications/{server.bot.id}/guilds/{server.team.id}/commands"
    status, made = await raw(server, "POST", path, command())
    again, same = await raw(server, "POST", path, command(description="Ask again"))
    assert (status, again, made["id"] == same["id"], made["version"] != same["version"]) == (201, 200, True, True)
    assert (await raw(server, "PATCH", f"{path}/{made['id']}", {"description": "x"}))[1]["description"] == "x"
    assert (await raw(server, "PUT", local, [command(name=f"c{n}") for n in range(101)]))[1]["code"] == 30032
    assert len((await raw(server, "PUT", local, [command(), command(name="Do it", type=3, description="")]))[1]) == 2
    assert (await raw(server, "DELETE", f"{path}/{made['id']}"))[0] == 204
    assert (await raw(server, "GET", f"{path}/{made['id']}"))[1]["code"] == 10063
    assert [one.guild_id for one in server.commands] == [server.team.id] * 2


LABEL = {"type": 18, "label": "Text", "component": {"type": 4, "custom_id": "t", "style": 1}}


@pytest.mark.parametrize(
    ("answer", "path"),
    [
        ({"type": 9, "data": {"custom_id": "m", "title": "x" * 46, "components": [LABEL]}}, "data.title"),
        ({"type": 9, "data": {"custom_id": "m", "title": "t", "components": []}}, "data.components"),
        ({"type": 9, "data": {"custom_id": "m", "title": "t", "components": [row(button())]}}, "data.components.0"),
        (
            {"type": 9, "data": {"custom_id": "m", "title": "t", "components": [LABEL | {"label": "x" * 46}]}},
            "data.components.0.label",
        ),
        ({"type": 4, "data": {"content": "x" * 2001}}, "data.content"),
        ({"type": 7, "data": {"content": "x"}}, "type"),
        ({"type": 8, "data": {"choices": []}}, "type"),
    ],
)
async def test_an_answer_that_breaks_a_rule_can_be_given_again(
    server: Discord, answer: dict[str, Any], path: str
) -> None:
    await raw(server, "POST", f"/applications/{server.bot.id}/commands", command())
    used = await server.slash("alice", "general", "ask")
    callback = f"/interactions/{used.id}/{used.token}/callback"
    _, refused = await raw(server, "POST", callback, answer)
    if path == "type":
        assert "type" in refused["errors"]
    else:
        assert refused["code"] == 50035
        for part in path.split("."):
            refused["errors"] = refused["errors"][part]
    assert (await raw(server, "POST", callback, {"type": 4, "data": {"content": "right"}}))[0] == 204
    assert (await raw(server, "POST", callback, {"type": 4, "data": {"content": "twice"}}))[1]["code"] == 40060


async def test_other_refusals(server: Discord) -> None:
    async def code(method: str, path: str, body: Any = None, **more: Any) -> tuple[int, int]:
        status, answer = await raw(server, method, path, body, **more)
        return status, answer["code"]

    messages = f"/channels/{server.general.id}/messages"
    assert await code("GET", "/users/@me", token="wrong") == (401, 0)
    assert await code("POST", messages, {}) == (400, 50006)
    assert await code("POST", messages, {"content": "  "}) == (400, 50006)
    assert await code("GET", f"{messages}/1") == (404, 10008)
    assert await code("GET", "/channels/1") == (404, 10003)
    assert await code("GET", "/guilds/1") == (404, 10004)
    assert await code("GET", f"/guilds/{server.team.id}/members") == (403, 50001)
    assert await code("POST", "/interactions/1/nothing/callback", {"type": 4}) == (404, 10062)
    assert await code("POST", f"/webhooks/{server.bot.id}/nothing", {"content": "x"}) == (401, 50027)
    assert await code("GET", "/no/such/thing") == (404, 0)
    said = await server.say("alice", "general", "hi")
    assert await code("PUT", f"{messages}/{said.id}/reactions/nonsense/@me") == (400, 10014)
    assert await code("DELETE", f"{messages}/{said.id}") == (403, 50013)


async def test_a_file_that_is_too_large_is_refused() -> None:
    async with Discord(attachment_limit=10) as server, running(server) as app:
        with pytest.raises(discord.HTTPException) as large:
            await app.place(server.general).send(file=discord.File(io.BytesIO(b"x" * 11), "large"))
        assert (large.value.status, large.value.code) == (413, 40005)


async def test_what_is_ignored_is_noted(server: Discord) -> None:
    await raw(server, "POST", f"/channels/{server.general.id}/messages", {"content": "x", "colour": 1, "flags": 64})
    assert [one for _, one in server.ignored] == ["unknown key colour", "flags 64"]
    assert not server.messages("general")[0].ephemeral


async def test_a_command_in_a_direct_conversation(server: Discord) -> None:
    app = App()

    @app.tree.command(description="Who are you")
    async def hello(interaction: discord.Interaction) -> None:
        assert interaction.guild is None
        assert isinstance(interaction.channel, discord.DMChannel)
        await interaction.response.send_message(f"hello {interaction.user.name}")

    @app.tree.command(description="Only in servers")
    @app_commands.guild_only()
    async def here(interaction: discord.Interaction) -> None:
        await interaction.response.send_message("here")

    async with running(server, app):
        await app.tree.sync()
        used = await server.slash("carol", server.dm_channel("carol"), "hello")
        await used.answered()
        assert [one.text for one in server.dms(server.carol)] == ["hello carol"]
        with pytest.raises(LookupError):
            await server.slash("carol", server.dm_channel("carol"), "here")


async def test_zlib_is_one_stream_for_the_connection(server: Discord) -> None:
    url = server.gateway_url + "?v=10&encoding=json&compress=zlib-stream"
    async with aiohttp.ClientSession() as session, session.ws_connect(url) as ws:
        inflate = zlib.decompressobj()
        assert json.loads(inflate.decompress(await ws.receive_bytes()))["op"] == 10
        identify = {"token": server.token, "intents": 1, "properties": {}}
        await ws.send_json({"op": 2, "d": identify})
        frames = [json.loads(inflate.decompress(await ws.receive_bytes())) for _ in range(2)]
        assert [one["t"] for one in frames] == ["READY", "GUILD_CREATE"]


async def test_too_many_sends_close_the_gateway(server: Discord) -> None:
    async with aiohttp.ClientSession() as session, session.ws_connect(server.gateway_url + "?v=10&encoding=json") as ws:
        assert (await ws.receive_json())["op"] == 10
        for _ in range(121):
            await ws.send_json({"op": 1, "d": None})
        while (await ws.receive()).type is aiohttp.WSMsgType.TEXT:
            pass
        assert ws.close_code == 4008


@pytest.mark.parametrize(
    ("frame", "code"),
    [
        ({"op": 3, "d": {}}, 4003),
        ({"op": 2, "d": {"token": "wrong", "intents": 1, "properties": {}}}, 4004),
        ({"op": 2, "d": {"token": None, "intents": 1 << 30, "properties": {}}}, 4013),
        ({"op": 2, "d": {"token": None, "intents": 2, "properties": {}}}, 4014),
        ({"op": 2, "d": {"token": None, "intents": 1, "properties": {}, "shard": [1, 1]}}, 4010),
        ({"op": 1, "d": "x" * 5000}, 4002),
    ],
)
async def test_close_codes(server: Discord, frame: dict[str, Any], code: int) -> None:
    if isinstance(frame["d"], dict) and frame["d"].get("token", "") is None:
        frame["d"]["token"] = server.token
    url = server.gateway_url + "?v=10&encoding=json&compress=zlib-stream"
    async with aiohttp.ClientSession() as session, session.ws_connect(url) as ws:
        await ws.send_json(frame)
        while (await ws.receive()).type is aiohttp.WSMsgType.BINARY:
            pass
        assert ws.close_code == code
