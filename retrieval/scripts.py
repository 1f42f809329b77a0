"""Chinese, Japanese and Korean among other writing: one home for which characters those are, and what a word is."""

from __future__ import annotations

import re

UNSPACED = r"\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff"
"""Kana and Han, for within a regular expression's brackets: no spaces stand between their words."""
CJK = UNSPACED + r"\uac00-\ud7af"
"""Those and Hangul, of which a character says about as much as three Latin ones."""
WIDE = re.compile(f"[{CJK}]")
"""One character of these."""
WORD = re.compile(f"[{CJK}]|[^\\W_]+")
"""A word: a wide character by itself, otherwise letters and digits in a row."""
