"""The rules for components in messages (docs.discord.com/developers/components/reference)."""

from __future__ import annotations

from typing import Any

from tests.servers.discord.errors import Form
from tests.servers.discord.models import walk

ROW, BUTTON, STRING_SELECT, TEXT_INPUT, SECTION, TEXT, THUMBNAIL, GALLERY, FILE, SEPARATOR, CONTAINER, LABEL = (
    *(1, 2, 3, 4),
    *(9, 10, 11, 12, 13, 14, 17, 18),
)
SELECTS = (3, 5, 6, 7, 8)
TOP_LEVEL_V2 = (ROW, SECTION, TEXT, GALLERY, FILE, SEPARATOR, CONTAINER)
IN_CONTAINER = (ROW, TEXT, SECTION, GALLERY, SEPARATOR, FILE)
MOST_COMPONENTS = 40
MOST_TEXT = 4000
INTERACTIVE = (BUTTON, *SELECTS, TEXT_INPUT, 19, 21, 22, 23)


class MessageComponents:
    """Checks the components of one message; what is wrong goes to the form."""

    def __init__(self, form: Form, *, v2: bool, filenames: set[str]) -> None:
        self.form = form
        self.v2 = v2
        self.filenames = filenames
        self.seen: set[str] = set()

    def check(self, components: list[Any]) -> None:
        if not self.v2 and len(components) > 5:
            self.form.wrong("components", "BASE_TYPE_BAD_LENGTH", "Must be between 1 and 5 in length.")
        for number, one in enumerate(components):
            self.one(one, f"components.{number}", TOP_LEVEL_V2 if self.v2 else (ROW,))
        if self.form.errors:
            return
        everything = walk(components)
        if self.v2 and len(everything) > MOST_COMPONENTS:
            message = f"The total number of components exceeds the maximum of {MOST_COMPONENTS}"
            self.form.wrong("components", "COMPONENT_MAX_TOTAL_COMPONENTS_EXCEEDED", message)
        if sum(len(one["content"]) for one in everything if one["type"] == TEXT) > MOST_TEXT:
            message = f"The total text size of the components exceeds the maximum of {MOST_TEXT}"
            self.form.wrong("components", "COMPONENT_DISPLAYABLE_TEXT_SIZE_EXCEEDED", message)
        self._ids(everything)

    def one(self, one: Any, path: str, allowed: tuple[int, ...]) -> None:
        if not isinstance(one, dict):
            self.form.wrong(path, "MODEL_TYPE_CONVERT", "Only dictionaries may be used in a ModelType")
            return
        if one.get("type") not in allowed:
            listed = ", ".join(map(str, allowed))
            self.form.wrong(path, "UNION_TYPE_CHOICES", f'Value of field "type" must be one of ({listed}).')
            return
        self.form.number(one.get("id"), f"{path}.id", 0, 2**31 - 1)
        _CHECKS[one["type"]](self, one, path)

    def row(self, one: dict[str, Any], path: str) -> None:
        children = self.form.items(one.get("components"), f"{path}.components", 5, shortest=1)
        for number, child in enumerate(children):
            self.one(child, f"{path}.components.{number}", (BUTTON, *SELECTS))
        selects = [child for child in children if isinstance(child, dict) and child.get("type") in SELECTS]
        if selects and len(children) > 1:
            message = "The width of the components in the row exceeds the maximum"
            self.form.wrong(f"{path}.components", "COMPONENT_LAYOUT_WIDTH_EXCEEDED", message)

    def button(self, one: dict[str, Any], path: str) -> None:
        if not self.form.one_of(one.get("style"), f"{path}.style", (1, 2, 3, 4, 5, 6)):
            return
        self.form.text(one.get("label"), f"{path}.label", 80)
        style = one["style"]
        key = {5: "url", 6: "sku_id"}.get(style, "custom_id")
        for other in {"url", "sku_id", "custom_id"} - {key}:
            if one.get(other):
                message = f"A button of style {style} cannot have {other}"
                self.form.wrong(f"{path}.{other}", f"BUTTON_COMPONENT_{other.upper()}_NOT_ALLOWED", message)
        if key == "custom_id":
            self.custom_id(one, path)
        elif key == "url":
            url = self.form.text(one.get("url"), f"{path}.url", 512, required=True)
            if url and not url.startswith(("http://", "https://", "discord://")):
                message = (
                    f'Scheme "{url.split(":")[0]}" is not supported. Scheme must be one of (http, https, discord).'
                )
                self.form.wrong(f"{path}.url", "URL_TYPE_INVALID_SCHEME", message)
        if style != 6 and not one.get("label") and not one.get("emoji"):
            self.form.wrong(f"{path}.label", "BASE_TYPE_REQUIRED", "This field is required")

    def select(self, one: dict[str, Any], path: str) -> None:
        self.custom_id(one, path)
        check_select(self.form, one, path)

    def custom_id(self, one: dict[str, Any], path: str) -> None:
        custom_id = self.form.text(one.get("custom_id"), f"{path}.custom_id", 100, shortest=1, required=True)
        if custom_id and custom_id in self.seen:
            message = "Component custom id cannot be duplicated"
            self.form.wrong(f"{path}.custom_id", "COMPONENT_CUSTOM_ID_DUPLICATED", message)
        self.seen.add(custom_id)

    def section(self, one: dict[str, Any], path: str) -> None:
        for number, child in enumerate(self.form.items(one.get("components"), f"{path}.components", 3, shortest=1)):
            self.one(child, f"{path}.components.{number}", (TEXT,))
        self.one(one.get("accessory"), f"{path}.accessory", (BUTTON, THUMBNAIL))

    def text(self, one: dict[str, Any], path: str) -> None:
        self.form.text(one.get("content"), f"{path}.content", MOST_TEXT, shortest=1, required=True)

    def thumbnail(self, one: dict[str, Any], path: str) -> None:
        self.media(one.get("media"), f"{path}.media")
        self.form.text(one.get("description"), f"{path}.description", 1024)

    def gallery(self, one: dict[str, Any], path: str) -> None:
        for number, item in enumerate(self.form.objects(one.get("items"), f"{path}.items", 10, shortest=1)):
            self.thumbnail(item, f"{path}.items.{number}")

    def file(self, one: dict[str, Any], path: str) -> None:
        self.media(one.get("file"), f"{path}.file", only_attached=True)

    def media(self, item: Any, path: str, *, only_attached: bool = False) -> None:
        url = self.form.text(item.get("url") if isinstance(item, dict) else None, f"{path}.url", 2048, required=True)
        if url.startswith("attachment://"):
            if url.removeprefix("attachment://") not in self.filenames:
                message = "The referenced attachment was not found"
                self.form.wrong(path, "UNFURLED_MEDIA_ITEM_REFERENCED_ATTACHMENT_NOT_FOUND", message)
        elif url and (only_attached or not url.startswith(("http://", "https://"))):
            self.form.wrong(f"{path}.url", "URL_TYPE_INVALID_SCHEME", "This scheme is not supported here.")

    def separator(self, one: dict[str, Any], path: str) -> None:
        if one.get("spacing") is not None:
            self.form.one_of(one["spacing"], f"{path}.spacing", (1, 2))

    def container(self, one: dict[str, Any], path: str) -> None:
        children = self.form.items(one.get("components"), f"{path}.components", MOST_COMPONENTS, shortest=1)
        for number, child in enumerate(children):
            self.one(child, f"{path}.components.{number}", IN_CONTAINER)
        self.form.number(one.get("accent_color"), f"{path}.accent_color", 0, 0xFFFFFF)

    def _ids(self, everything: list[dict[str, Any]]) -> None:
        given = [one["id"] for one in everything if one.get("id")]
        if len(set(given)) < len(given):
            self.form.wrong("components", "COMPONENT_ID_DUPLICATED", "Component ids must be unique")


_CHECKS = {
    ROW: MessageComponents.row,
    BUTTON: MessageComponents.button,
    **dict.fromkeys(SELECTS, MessageComponents.select),
    SECTION: MessageComponents.section,
    TEXT: MessageComponents.text,
    THUMBNAIL: MessageComponents.thumbnail,
    GALLERY: MessageComponents.gallery,
    FILE: MessageComponents.file,
    SEPARATOR: MessageComponents.separator,
    CONTAINER: MessageComponents.container,
}


def check_select(form: Form, one: dict[str, Any], path: str, *, lowest: int = 0) -> None:
    form.text(one.get("placeholder"), f"{path}.placeholder", 150)
    least = form.number(one.get("min_values"), f"{path}.min_values", lowest, 25)
    most = form.number(one.get("max_values"), f"{path}.max_values", 1, 25)
    if least is not None and most is not None and least > most:
        form.wrong(
            f"{path}.min_values", "SELECT_COMPONENT_MIN_VALUES_GREATER_THAN_MAX", "min_values exceeds max_values"
        )
    if one["type"] == STRING_SELECT:
        options = check_options(form, one.get("options"), f"{path}.options", 1, 25)
        if most is not None and most > len(options):
            message = "max_values exceeds the number of options"
            form.wrong(f"{path}.max_values", "SELECT_COMPONENT_MAX_VALUES_TOO_LARGE", message)


def check_options(form: Form, options: Any, path: str, fewest: int, most: int) -> list[dict[str, Any]]:
    """The choices of a select, a radio group or a checkbox group."""
    found = form.objects(options, path, most, shortest=fewest)
    values: set[str] = set()
    for number, option in enumerate(found):
        here = f"{path}.{number}"
        form.text(option.get("label"), f"{here}.label", 100, shortest=1, required=True)
        value = form.text(option.get("value"), f"{here}.value", 100, shortest=1, required=True)
        form.text(option.get("description"), f"{here}.description", 100)
        if value in values:
            form.wrong(
                f"{here}.value", "SELECT_COMPONENT_OPTION_VALUE_DUPLICATED", "The specified option value is used"
            )
        values.add(value)
    return found


def numbered(components: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The same with an ``id`` for each, sequential where none was given."""
    everything = walk(components)
    taken = {one["id"] for one in everything if one.get("id")}
    following = 1
    for one in everything:
        if not one.get("id"):
            while following in taken:
                following += 1
            taken.add(following)
            one["id"] = following
    return components
