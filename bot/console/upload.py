"""Where files are dropped, and what became of each of them."""

from __future__ import annotations

from pathlib import PurePosixPath

from nicegui import events, ui

from agent.text import counted
from bot.chat import Person
from bot.console.notices import notice
from bot.console.parts import Parts
from bot.uploads import add_files
from retrieval.errors import RetrievalError
from retrieval.sync import Summary

MAX_FILES = 100
"""Files dropped at once."""
_ZONE = """
<div class="zone">
  <q-icon name="upload_file" size="26px" />
  <div v-if="props.isUploading">Reading…</div>
  <div v-else>Drop files here, or <button type="button" class="choose" @click="props.pickFiles">choose them</button></div>
  <div class="note">Markdown, HTML, PDF, DOCX, text; up to %s&nbsp;MB each</div>
  <q-uploader-add-trigger />
</div>
"""


def show_upload(parts: Parts, person: Person) -> None:
    """The zone; what became of the last files stands below it."""

    async def add(event: events.MultiUploadEventArguments) -> None:
        files = [(file.name, await file.read()) for file in event.files]
        upload.reset()
        try:
            summary = await add_files(parts.knowledge, parts.uploads, files, person)
        except (RetrievalError, OSError) as error:
            notice(str(error), "negative")
            return
        outcome.clear()
        with outcome:
            _show_outcome([name for name, _ in files], summary)

    limit = f"{parts.max_file_bytes / 1e6:,.0f}"
    upload = ui.upload(
        multiple=True,
        auto_upload=True,
        on_multi_upload=add,
        max_file_size=parts.max_file_bytes,
        max_files=MAX_FILES,
        on_rejected=lambda: notice(
            f"Not added: a file may have {limit} MB, and {MAX_FILES} may come at once.", "warning"
        ),
    )
    upload.props("flat").classes("upload").add_slot("header", _ZONE % limit)
    outcome = ui.element("div").props('role="status"')


def _show_outcome(names: list[str], summary: Summary) -> None:
    reasons = {PurePosixPath(what).name: reason for what, reason in summary.unreadable}
    wrong = [(name, why) for name in map(_plain, names) if (why := reasons.get(name))]
    added = len(names) - len(wrong)
    if added:
        ui.label(f"{counted(added, 'file')} added.").classes("note")
    for name, why in wrong:
        ui.label(f"Not read: {name}: {why}").classes("wrong")


def _plain(name: str) -> str:
    return name.replace("\\", "/").rsplit("/", 1)[-1].lstrip(".")
