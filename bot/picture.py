"""A chart as a PNG (https://www.w3.org/TR/png-3/) for platforms that show pictures: a bar for each point."""

from __future__ import annotations

import struct
import zlib

import numpy as np
from numpy.typing import NDArray

from bot.chat import Chart

WIDTH, HEIGHT = 1_120, 420
LEFT, RIGHT, TOP, BOTTOM = 110, 20, 50, 40
DOT = 3
"""Pixels of one dot of a sign."""
WIDEST = 70
PAPER, INK, LINE, BAR, LAST = (255, 255, 255), (70, 72, 84), (222, 223, 229), (142, 150, 190), (43, 45, 66)
_SIGNS = {
    "0": (14, 17, 19, 21, 25, 17, 14),
    "1": (4, 12, 4, 4, 4, 4, 14),
    "2": (14, 17, 1, 2, 4, 8, 31),
    "3": (31, 2, 4, 2, 1, 17, 14),
    "4": (2, 6, 10, 18, 31, 2, 2),
    "5": (31, 16, 30, 1, 1, 17, 14),
    "6": (6, 8, 16, 30, 17, 17, 14),
    "7": (31, 1, 2, 4, 8, 8, 8),
    "8": (14, 17, 17, 14, 17, 17, 14),
    "9": (14, 17, 17, 15, 1, 2, 12),
    "%": (24, 25, 2, 4, 8, 19, 3),
}
"""Seven rows of five dots each, the leftmost the highest bit."""
Canvas = NDArray[np.uint8]


def png(chart: Chart) -> bytes:
    """The picture; the last point stands out."""
    canvas: Canvas = np.full((HEIGHT, WIDTH, 3), PAPER, np.uint8)
    for share in (0.0, 0.5, 1.0):
        y = _height(share)
        canvas[y : y + 2, LEFT : WIDTH - RIGHT] = LINE
        _write(canvas, f"{share:.0%}", LEFT - 18, y - 10)
    slot = (WIDTH - LEFT - RIGHT) / max(1, len(chart.points))
    half = min(slot * 0.7, WIDEST) / 2
    for number, (_, share) in enumerate(chart.points):
        middle, is_last = LEFT + slot * (number + 0.5), number == len(chart.points) - 1
        top = _height(share)
        canvas[top : _height(0.0) + 2, int(middle - half) : int(middle + half)] = LAST if is_last else BAR
        if number == 0 or is_last:
            words = f"{share:.0%}"
            _write(canvas, words, int(middle + _wide(words) / 2), top - 30)
    return _encoded(canvas)


def _height(share: float) -> int:
    return int(HEIGHT - BOTTOM - min(1.0, max(0.0, share)) * (HEIGHT - TOP - BOTTOM))


def _wide(words: str) -> int:
    return 6 * DOT * len(words) - DOT


def _write(canvas: Canvas, words: str, right: int, top: int) -> None:
    """Words that end at ``right``."""
    left = right - _wide(words)
    canvas[top - DOT : top + 8 * DOT, left - DOT : right + DOT] = PAPER
    for number, sign in enumerate(words):
        for row, dots in enumerate(_SIGNS[sign]):
            for column in range(5):
                if dots >> (4 - column) & 1:
                    x, y = left + (6 * number + column) * DOT, top + row * DOT
                    canvas[y : y + DOT, x : x + DOT] = INK


def _encoded(canvas: Canvas) -> bytes:
    height, width, _ = canvas.shape
    rows = np.concatenate([np.zeros((height, 1), np.uint8), canvas.reshape(height, -1)], axis=1)
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    parts = ((b"IHDR", header), (b"IDAT", zlib.compress(rows.tobytes(), 9)), (b"IEND", b""))
    chunks = [
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data)) for kind, data in parts
    ]
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunks)
