"""An agent's answer as a `Reply`: numbered footnotes, what was searched, what was done, cards for what waits."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

from agent.approvals import WAITING, Approval, State
from agent.evidence import Citation, Sentence
from agent.state import Answer, Call
from agent.text import counted, items
from agent.tools import Tool
from agent.tools.forms import FormField, fields_of
from bot.chat import Action, Button, Card, Field, Footnote, Form, Reply

MOMENT = re.compile(r"\b\d{2} [A-Z][a-z]{2} \d{4}, \d{2}:\d{2} UTC")
"""How a time stands in what is shown, so that a platform which knows its reader's clock can put it there."""
ALONE = "You may see more: answer only to me"
EXPLAIN = "How I found this"
UNKNOWN_STEPS = "How I found that is not kept any more. Ask again, and it is kept with the new answer."
STEP = 400
"""Characters of a step that are shown."""
_MOMENT = "%d %b %Y, %H:%M UTC"
_REASON = Field("reason", "Why? (optional)", "multiline", help="The assistant reads this.")
_QUOTED = re.compile(r"\s*“(.+)”\s*")


def answer_reply(run: str, answer: Answer, *, more: bool = False) -> Reply:
    """The final message of a run; with feedback buttons where there is something to judge.

    ``more``: somebody who reads it may see more than was searched for it.
    """
    text, footnotes = cited(answer["sentences"])
    lines = [*(action_line(call) for call in answer["actions"]), answer["text"], text]
    if answer["refused"]:
        lines.append(refusal(answer["searched"]))
    notes = list(answer["notes"])
    if footnotes:
        documents = len({note.document for note in footnotes})
        notes.append(f"Searched for {_looked_for(answer['searched'])}; cites {counted(documents, 'document')}.")
    body = "\n\n".join(line for line in lines if line)
    alone = (Button(Action.ALONE, run, ALONE),) if more and not answer["actions"] else ()
    explain = (Button(Action.EXPLAIN, run, EXPLAIN),) if answer["searched"] else ()
    buttons = (*_marks(run), *explain, *alone) if _is_judged(answer) else ()
    return Reply(body, footnotes, buttons, notes=tuple(notes), steps=tuple(answer["steps"]))


def _is_judged(answer: Answer) -> bool:
    """Not a greeting, nor that somebody rejected an action or let it expire."""
    done = any(call["state"] in {"done", "failed"} for call in answer["actions"])
    return bool(answer["sentences"]) or answer["refused"] or done


def _marks(run: str) -> tuple[Button, ...]:
    return (
        Button(Action.HELPFUL, run, "👍"),
        Button(Action.UNHELPFUL, run, "👎", form=Form("What was wrong?", (_REASON,))),
    )


def steps_reply(steps: Sequence[str]) -> Reply:
    """How an answer was found, a numbered line a step; a plain sentence where that is not known."""
    lines = (" ".join(step.split()) for step in steps)
    shown = (line if len(line) <= STEP else f"{line[: STEP - 1]}…" for line in lines)
    listed = "\n".join(f"{number}. {escape_markdown(line)}" for number, line in enumerate(shown, 1))
    return Reply(f"**{EXPLAIN}**\n\n{listed}" if listed else UNKNOWN_STEPS)


def partial_reply(sentences: Sequence[Sentence]) -> Reply:
    """What is written so far."""
    text, footnotes = cited(sentences)
    return Reply(text, footnotes, final=False)


def cited(sentences: Sequence[Sentence]) -> tuple[str, tuple[Footnote, ...]]:
    """The sentences as Markdown with [n] behind each, and the footnotes; the same span has one number."""
    numbers: dict[tuple[str, int, int], Footnote] = {}
    parts: list[str] = []
    for sentence in sentences:
        marks = []
        for citation in sentence["citations"]:
            span = (citation["document"], citation["start"], citation["end"])
            note = numbers.setdefault(span, _footnote(len(numbers) + 1, citation))
            marks.append(f"[{note.number}]")
        parts.append(f"{_with_lists(sentence['text'])} {''.join(dict.fromkeys(marks))}".strip())
    return "\n\n".join(parts), tuple(numbers.values())


def _with_lists(text: str) -> str:
    """Quoted words as Markdown in which their lists are lists."""
    shown: list[str] = []
    for mark, words in items(text):
        bullet = mark if mark[:1].isdecimal() else "-"
        shown += [f"{bullet} {escape_markdown(words)}"] if mark else [escape_markdown(words), ""]
    return "\n".join(shown).strip()


def refusal(searched: Sequence[str]) -> str:
    """What is said where there is no evidence."""
    if not searched:
        return "I don't know what you would like me to do."
    return f"I don't know. I looked for {escape_markdown(_looked_for(searched))} and found nothing that answers it."


def _looked_for(searched: Sequence[str]) -> str:
    """What was understood; the other wordings of it that were tried are counted."""
    first, *others = searched or [""]
    return f"“{first}”" + (f" and {counted(len(others), 'other wording')}" if others else "")


def action_line(call: Call) -> str:
    """What became of one call: a line, or a block of code where it has several."""
    mark = {"done": "✅", "rejected": "🚫", "expired": "⌛", "unknown": "❓"}.get(call["state"], "⚠️")
    if "\n" not in call["outcome"]:
        return f"{mark} {escape_markdown(_nested(call['outcome']))}"
    fence = "`" * max(3, 1 + max(map(len, re.findall("`+", call["outcome"])), default=0))
    return f"{mark} {call['tool']}\n\n{fence}\n{call['outcome']}\n{fence}"


def card_reply(approval: Approval, tool: Tool | None, names: Mapping[str, str]) -> Reply:
    """The card of an approval: with buttons while it can be decided, with what became of it after.

    ``names`` are those of its deciders, by id. Where the ``tool`` is no longer there it can't be decided.
    """
    fields = [] if tool is None else fields_of(tool.arguments, approval.arguments)
    shown = tuple((field.label, str(field.value)) for field in fields)
    outcome = outcome_line(approval)
    if approval.state in WAITING:
        outcome = f"{outcome} {may_decide(approval, names)}"
    title = _title(approval.summary, [value for _, value in shown])
    card = Card(title, shown, approval.fingerprint, approval.state.value, outcome)
    buttons = () if tool is None else _card_buttons(approval, fields)
    return Reply(_nested(approval.summary), buttons=buttons, card=card)


def _title(summary: str, values: Sequence[str]) -> str:
    """The summary, without the words that a field below it says anyway."""
    quoted = _QUOTED.search(summary)
    says = quoted[1].rstrip("…").strip() if quoted else ""
    repeated = says and any(" ".join(value.split()).startswith(says) for value in values)
    return _QUOTED.sub(" ", summary).strip() or summary if repeated else _nested(summary)


def may_decide(approval: Approval, names: Mapping[str, str]) -> str:
    """Who may decide it, in a sentence; ``names`` are those of its deciders, by id."""
    asker = approval.asker_name or "the asker"
    here = "on this machine" if approval.place.startswith("terminal/") else "in the channel"
    match approval.deciders.rule:
        case "place":
            return f"Anyone {here} may decide."
        case "asker":
            return f"Only {asker}, who asked, may decide."
        case "others":
            return f"Anyone {here} but {asker}, who asked, may decide."
        case "named":
            named = {names[person].casefold(): names[person] for person in reversed(approval.deciders.people)}
            return f"Only {' or '.join(reversed(named.values()))} may decide."


def _card_buttons(approval: Approval, fields: Sequence[FormField]) -> tuple[Button, ...]:
    if approval.state is State.UNKNOWN:
        return (
            Button(Action.RETRY, approval.id, "Run it again", "primary"),
            Button(Action.ABANDON, approval.id, "Leave it", "danger"),
        )
    if approval.state is not State.PROPOSED:
        return ()
    edit = tuple(Field(f.name, f.label, f.kind, f.value, f.required, tuple(f.choices), f.help) for f in fields)
    return (
        Button(Action.APPROVE, approval.id, "Approve", "primary"),
        Button(Action.EDIT, approval.id, "Edit", form=Form("Edit, then approve", edit, "Approve with changes")),
        Button(Action.REJECT, approval.id, "Reject", "danger", Form("Reject", (_REASON,), "Reject")),
    )


def outcome_line(approval: Approval) -> str:
    """Who decided what and what came of it, or until when it waits."""
    who = approval.decided_by_name or approval.decided_by or "somebody"
    reason = f": {approval.reason}" if approval.reason else ""
    match approval.state:
        case State.PROPOSED:
            return f"Waits for a decision until {_when(approval.expires_at)}."
        case State.APPROVED | State.STARTED:
            return f"Approved by {who}{' with changes' * approval.edited}; running."
        case State.DONE:
            return f"Approved by {who}{' with changes' * approval.edited}. Done: {approval.result}"
        case State.FAILED:
            return f"Approved by {who}{' with changes' * approval.edited}. It failed: {approval.result}"
        case State.UNKNOWN:
            return "It was started and cut off: it may or may not have happened. Look, then choose."
        case State.REJECTED:
            return f"Rejected by {who}{reason}"
        case State.EXPIRED:
            return "Nobody decided in time, so it was not done."
        case State.ABANDONED:
            return f"Left as it is by {who}{reason}"


def escape_markdown(text: str) -> str:
    """Text as itself: quoted words must not turn into headings, links or pings."""
    return "".join(f"\\{char}" if char in "\\`*_[]<>#|~" else char for char in text)


def _footnote(number: int, citation: Citation) -> Footnote:
    return Footnote(
        number,
        citation["document"],
        citation["title"],
        citation["uri"],
        citation["start"],
        citation["end"],
        citation["quote"],
    )


def moment(shown: str) -> datetime:
    """The time that a match of `MOMENT` shows."""
    return datetime.strptime(shown, _MOMENT).replace(tzinfo=UTC)


def _when(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).strftime(_MOMENT)


def _nested(text: str) -> str:
    """Quotation marks within quotation marks become single ones."""
    depth, shown = 0, []
    for char in text:
        depth = max(0, depth - (char == "”"))
        shown.append({"“": "‘", "”": "’"}.get(char, char) if depth > 0 else char)
        depth += char == "“"
    return "".join(shown)
