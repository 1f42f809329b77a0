"""The refusals, with the codes of docs.discord.com/developers/topics/opcodes-and-status-codes."""

from __future__ import annotations

from typing import Any


class ApiError(Exception):
    """One refusal: HTTP status, JSON code, message, and for a bad form the nested errors."""

    def __init__(self, status: int, code: int, message: str, errors: dict[str, Any] | None = None) -> None:
        super().__init__(f"{status} {code}: {message}")
        self.status = status
        self.code = code
        self.message = message
        self.errors = errors

    def body(self) -> dict[str, Any]:
        body: dict[str, Any] = {"message": self.message, "code": self.code}
        if self.errors is not None:
            body["errors"] = self.errors
        return body


KNOWN = {
    10002: (404, "Unknown Application"),
    10003: (404, "Unknown Channel"),
    10004: (404, "Unknown Guild"),
    10007: (404, "Unknown Member"),
    10008: (404, "Unknown Message"),
    10013: (404, "Unknown User"),
    10014: (400, "Unknown Emoji"),
    10015: (404, "Unknown Webhook"),
    10062: (404, "Unknown interaction"),
    10063: (404, "Unknown application command"),
    30010: (400, "Maximum number of reactions reached (20)"),
    30015: (400, "Maximum number of attachments in a message reached (10)"),
    30032: (400, "Maximum number of application commands reached"),
    30034: (400, "Maximum number of daily application command creates has been reached (200)"),
    40005: (413, "Request entity too large"),
    40067: (400, "A tag is required to create a forum post in this channel"),
    40058: (400, "Cannot send messages in a forum channel"),
    40060: (400, "Interaction has already been acknowledged."),
    50001: (403, "Missing Access"),
    50003: (403, "Cannot execute action on a DM channel"),
    50005: (403, "Cannot edit a message authored by another user"),
    50006: (400, "Cannot send an empty message"),
    50007: (403, "Cannot send messages to this user"),
    50008: (400, "Cannot send messages in a non-text channel"),
    50013: (403, "Missing Permissions"),
    50021: (403, "Cannot execute action on a system message"),
    50024: (400, "Cannot execute action on this channel type"),
    50027: (401, "Invalid Webhook Token"),
    50083: (400, "Thread is archived"),
    50109: (400, "The request body contains invalid JSON."),
    50278: (403, "Cannot send messages to this user due to having no mutual guilds"),
    160002: (400, "Cannot reply without permission to read message history"),
    160004: (400, "A thread has already been created for this message"),
    160005: (400, "Thread is locked"),
}


def refusal(code: int) -> ApiError:
    status, message = KNOWN[code]
    return ApiError(status, code, message)


class Form:
    """Collects what is wrong with a body, by path, and refuses it with 50035 in the nested shape."""

    def __init__(self) -> None:
        self.errors: dict[str, Any] = {}

    def wrong(self, path: str, code: str, message: str) -> None:
        """``path`` is dotted: ``components.0.components.1.custom_id``; empty for the whole body."""
        node = self.errors
        for part in path.split(".") if path else ():
            node = node.setdefault(part, {})
        node.setdefault("_errors", []).append({"code": code, "message": message})

    def check(self) -> None:
        if self.errors:
            raise ApiError(400, 50035, "Invalid Form Body", self.errors)

    def text(self, value: Any, path: str, longest: int, *, shortest: int = 0, required: bool = False) -> str:
        """The text if it is one of the right length; trouble is noted."""
        if value is None:
            if required:
                self.wrong(path, "BASE_TYPE_REQUIRED", "This field is required")
            return ""
        if not isinstance(value, str):
            self.wrong(path, "STRING_TYPE_CONVERT", "Could not interpret the value as string.")
            return ""
        if not value and required:
            self.wrong(path, "BASE_TYPE_REQUIRED", "This field is required")
        elif shortest and not shortest <= len(value) <= longest:
            self.wrong(path, "BASE_TYPE_BAD_LENGTH", f"Must be between {shortest} and {longest} in length.")
        elif len(value) > longest:
            self.wrong(path, "BASE_TYPE_MAX_LENGTH", f"Must be {longest} or fewer in length.")
        return str(value)

    def items(self, value: Any, path: str, longest: int, *, shortest: int = 0) -> list[Any]:
        if value is None and not shortest:
            return []
        if value is None:
            self.wrong(path, "BASE_TYPE_REQUIRED", "This field is required")
            return []
        if not isinstance(value, list):
            self.wrong(path, "LIST_TYPE_CONVERT", "Only iterables may be used in a ListType")
            return []
        if not shortest <= len(value) <= longest:
            message = f"Must be between {shortest} and {longest} in length."
            self.wrong(path, "BASE_TYPE_BAD_LENGTH", message if shortest else f"Must be {longest} or fewer in length.")
        return value

    def object(self, value: Any, path: str) -> dict[str, Any]:
        if value is None or isinstance(value, dict):
            return value or {}
        self.wrong(path, "MODEL_TYPE_CONVERT", "Only dictionaries may be used in a ModelType")
        return {}

    def ids(self, value: Any, path: str, longest: int) -> list[int]:
        """A list of snowflakes."""
        found = self.items(value, path, longest)
        for number, one in enumerate(found):
            if isinstance(one, bool) or not str(one).isdigit():
                self.wrong(f"{path}.{number}", "NUMBER_TYPE_COERCE", f'Value "{one}" is not snowflake.')
        return [int(one) for one in found if str(one).isdigit()]

    def objects(self, value: Any, path: str, longest: int, *, shortest: int = 0) -> list[dict[str, Any]]:
        """The same for a list of objects; what is none is noted and left out."""
        found = self.items(value, path, longest, shortest=shortest)
        for number, one in enumerate(found):
            if not isinstance(one, dict):
                self.wrong(f"{path}.{number}", "MODEL_TYPE_CONVERT", "Only dictionaries may be used in a ModelType")
        return [one for one in found if isinstance(one, dict)]

    def number(self, value: Any, path: str, lowest: int, highest: int) -> int | None:
        if value is None:
            return None
        if isinstance(value, bool) or not isinstance(value, int):
            self.wrong(path, "NUMBER_TYPE_COERCE", f'Value "{value}" is not int.')
            return None
        if value < lowest:
            self.wrong(path, "NUMBER_TYPE_MIN", f"int value should be greater than or equal to {lowest}.")
        elif value > highest:
            self.wrong(path, "NUMBER_TYPE_MAX", f"int value should be less than or equal to {highest}.")
        return value

    def one_of(self, value: Any, path: str, allowed: tuple[Any, ...]) -> bool:
        if value in allowed and not isinstance(value, bool):
            return True
        listed = ", ".join(repr(one) for one in allowed)
        self.wrong(path, "BASE_TYPE_CHOICES", f"Value must be one of ({listed}).")
        return False
