"""The rules for the body of a message (docs.discord.com/developers/resources/message#create-message)."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any

from tests.servers.discord.components import MessageComponents, numbered
from tests.servers.discord.errors import Form, refusal
from tests.servers.discord.models import Flag, Message

KEYS = {
    *("content", "nonce", "tts", "embeds", "allowed_mentions", "message_reference", "components", "sticker_ids"),
    *("payload_json", "attachments", "flags", "enforce_nonce", "poll", "shared_client_theme"),
}
EMBED_KEYS = {
    *("title", "type", "description", "url", "timestamp", "color", "footer", "image", "thumbnail", "video"),
    *("provider", "author", "fields", "flags"),
}
SETTABLE = Flag.SUPPRESS_EMBEDS | Flag.SUPPRESS_NOTIFICATIONS | Flag.IS_VOICE_MESSAGE | Flag.IS_COMPONENTS_V2
SUMMED = ("title", "description")


@dataclass(frozen=True)
class Upload:
    filename: str
    data: bytes
    content_type: str


@dataclass
class Draft:
    """A body that passed: only the keys in ``given`` were sent."""

    given: set[str]
    content: str = ""
    embeds: list[dict[str, Any]] = field(default_factory=list)
    components: list[dict[str, Any]] = field(default_factory=list)
    flags: Flag = Flag.NONE
    allowed: dict[str, Any] | None = None
    kept: list[int] | None = None
    """The attachments to keep, None for all."""
    uploads: list[tuple[Upload, str | None]] = field(default_factory=list)
    """New files with their descriptions."""
    ignored: list[str] = field(default_factory=list)
    """What was sent and has no effect on the real one either."""


def read_message(
    body: dict[str, Any],
    files: dict[int, Upload],
    *,
    before: Message | None = None,
    path: str = "",
    settable: Flag = SETTABLE,
) -> Draft:
    """Check the body of a new message, or of an edit of ``before``; ApiError 50035 or 50006 if it won't do."""
    form = Form()
    draft = Draft(given=set(body), ignored=[f"unknown key {key}" for key in sorted(set(body) - KEYS)])
    draft.content = form.text(body.get("content"), "content", 2000)
    draft.flags = _flags(form, body, before, draft, settable)
    draft.embeds = _embeds(form, body.get("embeds"))
    draft.allowed = _allowed(form, body.get("allowed_mentions"))
    form.text(str(body["nonce"]) if body.get("nonce") is not None else None, "nonce", 25)
    _files(form, body.get("attachments"), files, draft, before)
    components = form.items(body.get("components"), "components", 10_000)
    v2 = bool(draft.flags & Flag.IS_COMPONENTS_V2)
    MessageComponents(form, v2=v2, filenames=_filenames(draft, before)).check(components)
    if v2:
        _no_legacy(form, body, before)
    _under(form, path).check()
    draft.components = numbered(components)
    _not_empty(draft, body, before)
    return draft


def _under(form: Form, path: str) -> Form:
    for part in reversed(path.split(".") if path and form.errors else ()):
        form.errors = {part: form.errors}
    return form


def _flags(form: Form, body: dict[str, Any], before: Message | None, draft: Draft, settable: Flag) -> Flag:
    asked = form.number(body.get("flags"), "flags", 0, 2**31 - 1) or 0
    if asked & ~int(settable) & ~int(before.flags if before else 0):
        draft.ignored.append(f"flags {asked & ~int(settable)}")
    if before is None:
        return Flag(asked & settable)
    fixed = before.flags & ~Flag.SUPPRESS_EMBEDS
    if "flags" not in body:
        return before.flags
    return fixed | Flag(asked & (Flag.SUPPRESS_EMBEDS | Flag.IS_COMPONENTS_V2))


def _embeds(form: Form, embeds: Any) -> list[dict[str, Any]]:
    found = form.items(embeds, "embeds", 10)
    total = 0
    for number, embed in enumerate(found):
        total += _embed(form, embed, f"embeds.{number}")
    if total > 6000:
        form.wrong("embeds", "MAX_EMBED_SIZE_EXCEEDED", "Embed size exceeds maximum size of 6000")
    if form.errors:
        return []
    return [{key: value for key, value in one.items() if key in EMBED_KEYS} | {"type": "rich"} for one in found]


def _embed(form: Form, embed: Any, path: str) -> int:
    if not isinstance(embed, dict):
        form.wrong(path, "MODEL_TYPE_CONVERT", "Only dictionaries may be used in a ModelType")
        return 0
    texts = [form.text(embed.get("title"), f"{path}.title", 256)]
    texts.append(form.text(embed.get("description"), f"{path}.description", 4096))
    for number, one in enumerate(form.objects(embed.get("fields"), f"{path}.fields", 25)):
        here = f"{path}.fields.{number}"
        texts.append(form.text(one.get("name"), f"{here}.name", 256, required=True))
        texts.append(form.text(one.get("value"), f"{here}.value", 1024, required=True))
    texts.append(form.text(form.object(embed.get("footer"), f"{path}.footer").get("text"), f"{path}.footer.text", 2048))
    texts.append(form.text(form.object(embed.get("author"), f"{path}.author").get("name"), f"{path}.author.name", 256))
    form.number(embed.get("color"), f"{path}.color", 0, 0xFFFFFF)
    url = form.text(embed.get("url"), f"{path}.url", 2048)
    if url and not re.match(r"https?://\S+$", url):
        form.wrong(f"{path}.url", "URL_TYPE_INVALID_URL", "Not a well formed URL.")
    if not any(texts) and not any(embed.get(key) for key in ("image", "thumbnail")):
        form.wrong(f"{path}.description", "BASE_TYPE_REQUIRED", "This field is required")
    return sum(len(text.strip()) for text in texts)


def _allowed(form: Form, allowed: Any) -> dict[str, Any] | None:
    if allowed is None:
        return None
    if not isinstance(allowed, dict):
        form.wrong("allowed_mentions", "MODEL_TYPE_CONVERT", "Only dictionaries may be used in a ModelType")
        return None
    parse = form.items(allowed.get("parse"), "allowed_mentions.parse", 3)
    for number, one in enumerate(parse):
        form.one_of(one, f"allowed_mentions.parse.{number}", ("users", "roles", "everyone"))
    for key in ("users", "roles"):
        ids = form.ids(allowed.get(key), f"allowed_mentions.{key}", 100)
        if ids and key in parse:
            message = f'parse:["{key}"] and {key}: [ids...] are mutually exclusive.'
            form.wrong("allowed_mentions", "MESSAGE_ALLOWED_MENTIONS_PARSE_EXCLUSIVE", message)
    return allowed


def _files(form: Form, metas: Any, files: dict[int, Upload], draft: Draft, before: Message | None) -> None:
    descriptions: dict[int, str | None] = {}
    existing = {one.id for one in before.attachments} if before else set()
    kept: list[int] = []
    for number, meta in enumerate(form.objects(metas, "attachments", 10)):
        key = int(meta["id"]) if str(meta.get("id")).isdigit() else -1
        description = form.text(meta.get("description"), f"attachments.{number}.description", 1024)
        if key in existing:
            kept.append(key)
        elif key in files:
            descriptions[key] = description or None
        else:
            message = "The attachment is neither a file of this request nor of the message"
            form.wrong(f"attachments.{number}", "ATTACHMENT_NOT_FOUND", message)
    draft.kept = kept if metas is not None else None
    draft.uploads = [(upload, descriptions.get(key)) for key, upload in sorted(files.items())]
    if len(draft.uploads) + (len(kept) if metas is not None else len(existing)) > 10:
        raise refusal(30015)


def _filenames(draft: Draft, before: Message | None) -> set[str]:
    old = before.attachments if before else []
    kept = {one.filename for one in old if draft.kept is None or one.id in draft.kept}
    return kept | {upload.filename for upload, _ in draft.uploads}


def _no_legacy(form: Form, body: dict[str, Any], before: Message | None) -> None:
    for key in ("content", "embeds", "sticker_ids", "poll"):
        old = getattr(before, key, None) if before and key not in body else None
        if body.get(key) or old:
            message = f"The '{key}' field cannot be used when using MessageFlags.IS_COMPONENTS_V2"
            form.wrong(key, "MESSAGE_CANNOT_USE_LEGACY_FIELDS_WITH_COMPONENTS_V2", message)


def _not_empty(draft: Draft, body: dict[str, Any], before: Message | None) -> None:
    def after(key: str, new: Any) -> Any:
        return new if before is None or key in body else getattr(before, key)

    files = len(draft.uploads)
    if before is not None:
        files += len(before.attachments) if draft.kept is None else len(draft.kept)
    filled = after("content", draft.content).strip() or after("embeds", draft.embeds)
    if not filled and not after("components", draft.components) and not files and not body.get("poll"):
        raise refusal(50006)
