"""Where blocks may be, and the rules that hold for all the blocks of a message or a view together.

docs.slack.dev/reference/block-kit/blocks lists the surfaces of each block. The limit on all blocks of a message
together (about 13,200 characters, ``msg_blocks_too_long``) is documented nowhere: github.com/slackapi/bolt-js/issues/2509.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from tests.servers.slack.blocks.composition import plain
from tests.servers.slack.blocks.layout import BLOCKS
from tests.servers.slack.blocks.schema import (
    Check,
    Problems,
    anything,
    at,
    by_type,
    flag,
    listing,
    one_of,
    shape,
    string,
)

MESSAGE_ONLY = {
    "card",
    "carousel",
    "context_actions",
    "data_table",
    "data_visualization",
    "file",
    "markdown",
    "plan",
    "table",
    "task_card",
    "container",
}
MODAL_ONLY = {"alert"}
ALL_BLOCKS_TOGETHER = 13_200
MARKDOWN_TOGETHER = 12_000

IN_MESSAGE = {name: check for name, check in BLOCKS.items() if name not in MODAL_ONLY}
IN_MODAL = {name: check for name, check in BLOCKS.items() if name not in MESSAGE_ONLY}
IN_HOME = {name: check for name, check in IN_MODAL.items() if name not in MODAL_ONLY}


def check_message(blocks: Any, path: str = "/blocks") -> list[str]:
    """The problems of a message's blocks: at most 50, and so on."""
    problems: Problems = []
    listing(by_type(IN_MESSAGE), 50)(blocks, path, problems)
    if isinstance(blocks, list):
        _together(blocks, path, problems)
        written = sum(len(block["text"]) for block in _known(blocks) if _is_markdown(block))
        if written > MARKDOWN_TOGETHER:
            problems.append(at("markdown blocks together must be less than 12001 characters", path))
        for kind, most in (("table", 1), ("data_visualization", 2)):
            if sum(block.get("type") == kind for block in _known(blocks)) > most:
                problems.append(at(f"only_{most}_{kind}_allowed", path))
        if any((block.get("element") or {}).get("type") == "file_input" for block in _known(blocks)):
            problems.append(at("unsupported type: file_input", path))
    return problems


def too_long(blocks: list[Any]) -> bool:
    return sum(len(piece) for piece in texts(blocks)) > ALL_BLOCKS_TOGETHER


def texts(value: Any) -> Iterator[str]:
    """Every text that a reader sees in these blocks."""
    if isinstance(value, dict):
        for name, entry in value.items():
            if name in ("text", "title") and isinstance(entry, str):
                yield entry
            else:
                yield from texts(entry)
    elif isinstance(value, list):
        for entry in value:
            yield from texts(entry)


def check_view(view: Any) -> list[str]:
    """The problems of a modal or a Home tab (docs.slack.dev/reference/views)."""
    problems: Problems = []
    if not isinstance(view, dict):
        return [at("must be an object", "/view")]
    kind = view.get("type")
    if kind not in ("modal", "home"):
        return [at(f"unsupported type: {kind}", "/view")]
    (_modal() if kind == "modal" else _home())(view, "/view", problems)
    blocks = view.get("blocks")
    if isinstance(blocks, list):
        _together(blocks, "/view/blocks", problems)
        inputs = any(isinstance(block, dict) and block.get("type") == "input" for block in blocks)
        if kind == "modal" and inputs and not view.get("submit"):
            problems.append(at("missing required field: submit", "/view"))
    return problems


def _common(kinds: dict[str, Check]) -> tuple[dict[str, Check], dict[str, Check]]:
    return {"blocks": listing(by_type(kinds), 100)}, {
        "private_metadata": string(3000),
        "callback_id": string(255),
        "external_id": string(255),
        "state": anything,
    }


def _modal() -> Check:
    required, optional = _common(IN_MODAL)
    buttons: dict[str, Check] = {"submit": plain(24), "close": plain(24)}
    flags: dict[str, Check] = {"clear_on_close": flag, "notify_on_close": flag, "submit_disabled": flag}
    return shape({**required, "title": plain(24), "type": one_of("modal")}, {**optional, **buttons, **flags})


def _home() -> Check:
    required, optional = _common(IN_HOME)
    return shape({**required, "type": one_of("home")}, optional)


def _known(blocks: list[Any]) -> list[dict[str, Any]]:
    return [block for block in blocks if isinstance(block, dict)]


def _is_markdown(block: dict[str, Any]) -> bool:
    return block.get("type") == "markdown" and isinstance(block.get("text"), str)


def _together(blocks: list[Any], path: str, problems: Problems) -> None:
    """Ids are unique: of blocks in a message, of actions in a block."""
    seen: set[str] = set()
    for index, block in enumerate(_known(blocks)):
        name = block.get("block_id")
        if name and name in seen:
            problems.append(at(f"`block_id` `{name}` already exists", f"{path}/{index}/block_id"))
        seen.add(name or "")
        actions: set[str] = set()
        for element in block.get("elements") or []:
            action = element.get("action_id") if isinstance(element, dict) else None
            if action and action in actions:
                problems.append(at(f"`action_id` `{action}` already exists for block_id `{name}`", f"{path}/{index}"))
            actions.add(action or "")
