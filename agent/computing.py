"""Whether a text is something that Python can compute: so that “calculate my taxes” is no program."""

from __future__ import annotations

import ast
import builtins
import re
import warnings

LONGEST_EXPRESSION = 500
LONGEST_PROGRAM = 20_000
_SIGNS = str.maketrans({"×": "*", "÷": "/", "−": "-", "–": "-"})
_THOUSANDS = re.compile(r"(?<![\d.])\d{1,3}(?:,\d{3})+(?![\d,])")
_SHARE = re.compile(r"(?<=\d)\s*(?:%|percent|per cent)\s+of\s+(?=[\d.(])", re.IGNORECASE)
_WORKS = (ast.BinOp, ast.UnaryOp, ast.BoolOp, ast.Call, ast.Compare, ast.Subscript, ast.comprehension, ast.Import)


def computable(text: str, *, program: bool = False) -> str:
    """The text as Python, or nothing where it is none; ``program`` says that it was marked as code.

    An expression uses no name that Python has not got, and has something to compute.
    """
    code = text.strip() if program else _plain(text)
    if not code or len(code) > (LONGEST_PROGRAM if program else LONGEST_EXPRESSION):
        return ""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", SyntaxWarning)
            tree = ast.parse(code)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return ""
    works = any(isinstance(node, _WORKS) for node in ast.walk(tree))
    return code if works and (program or not _unknown(tree)) else ""


def _plain(text: str) -> str:
    """Written as people write: 1,000 × 3, 15% of 200. Commas between brackets are Python's own."""
    code = _SHARE.sub(" / 100 * ", text.strip().translate(_SIGNS))
    if "(" not in code and "[" not in code:
        code = _THOUSANDS.sub(lambda match: match.group().replace(",", ""), code)
    return code


def _unknown(tree: ast.AST) -> bool:
    """Whether it reads a name that it neither sets nor imports, and that is not built in."""
    known = set(dir(builtins))
    read = set()
    for node in ast.walk(tree):
        match node:
            case ast.Name(id=name, ctx=ast.Load()):
                read.add(name)
            case ast.Name(id=name) | ast.arg(arg=name) | ast.FunctionDef(name=name):
                known.add(name)
            case ast.alias(name=name, asname=alias):
                known.add(alias or name.partition(".")[0])
    return not read <= known
