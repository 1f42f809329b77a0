"""The rich text block and what is inside it. docs.slack.dev/reference/block-kit/blocks/rich-text-block."""

from __future__ import annotations

from tests.servers.slack.blocks.composition import BLOCK_ID
from tests.servers.slack.blocks.schema import (
    anything,
    by_type,
    flag,
    listing,
    number,
    one_of,
    shape,
    string,
    url,
    whole,
)

STYLE = {
    "style": shape(
        {},
        dict.fromkeys(
            ("bold", "italic", "strike", "code", "underline", "highlight", "client_highlight", "unlink"), flag
        ),
    )
}

INLINE = by_type(
    {
        "text": shape({"text": string(None, 1)}, STYLE),
        "link": shape({"url": url()}, {"text": string(), "unsafe": flag, **STYLE}),
        "user": shape({"user_id": string()}, STYLE),
        "usergroup": shape({"usergroup_id": string()}, STYLE),
        "channel": shape({"channel_id": string()}, STYLE),
        "team": shape({"team_id": string()}, STYLE),
        "emoji": shape({"name": string()}, {"unicode": string(), "skin_tone": whole(1, 6), "url": url(), **STYLE}),
        "broadcast": shape({"range": one_of("here", "channel", "everyone")}, STYLE),
        "color": shape({"value": string()}, STYLE),
        "date": shape({"timestamp": number, "format": string()}, {"url": url(), "fallback": string(), **STYLE}),
    }
)

SECTION = shape({"elements": listing(INLINE)})

ELEMENTS = by_type(
    {
        "rich_text_section": SECTION,
        "rich_text_list": shape(
            {"style": one_of("bullet", "ordered"), "elements": listing(by_type({"rich_text_section": SECTION}))},
            {"indent": whole(0, 8), "offset": whole(0), "border": whole(0, 1)},
        ),
        "rich_text_preformatted": shape(
            {"elements": listing(INLINE)}, {"border": whole(0, 1), "language": string(), "indent": anything}
        ),
        "rich_text_quote": shape({"elements": listing(INLINE)}, {"border": whole(0, 1)}),
    }
)

RICH_TEXT = shape({"elements": listing(ELEMENTS)}, {"block_id": BLOCK_ID})
