"""PDF through pdfminer.six: the text of its pages, hyphenated words joined, one paragraph a block."""

from __future__ import annotations

import io
import re

from pdfminer.high_level import extract_text
from pdfminer.pdfdocument import PDFPasswordIncorrect
from pdfminer.pdfexceptions import PDFException
from pdfminer.psexceptions import PSException

from retrieval.errors import Unreadable
from retrieval.parsing.parsed import Parsed
from retrieval.scripts import UNSPACED

MAX_PAGES = 3_000


def read(name: str, data: bytes) -> Parsed:
    """Raises `Unreadable` where it is encrypted, broken, or holds pictures alone."""
    try:
        pages = extract_text(io.BytesIO(data), maxpages=MAX_PAGES)
    except PDFPasswordIncorrect as error:
        raise Unreadable(name, "the PDF is encrypted; save a copy without a password") from error
    except (PDFException, PSException, ValueError, KeyError, TypeError, AttributeError, IndexError) as error:
        raise Unreadable(name, f"the PDF is broken ({type(error).__name__})") from error
    text = _flowing(pages)
    if not text:
        raise Unreadable(name, "the PDF holds no text, perhaps only scanned pictures")
    return Parsed(title="", text=text)


def _flowing(pages: str) -> str:
    text = pages.replace("\f", "\n\n").replace("\u00ad", "")
    text = re.sub(r"(?<=[a-z])-\n(?=[a-z])", "", text)
    text = re.sub(f"(?<=[{UNSPACED}，、；：])\\n(?=[{UNSPACED}])", "", text)
    text = "\n".join(line.strip(" \t") for line in text.split("\n"))
    text = re.sub(r"(?<![\n.:!?。！？])\n(?![\n•*-])", " ", text)
    return re.sub(r"\n{3,}", "\n\n", text).strip()
