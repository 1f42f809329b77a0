"""Converts HippoRAG's samples of MuSiQue and HotpotQA to the JSONL that the other benchmarks read.

    python -m benchmarks.multihop FOLDER OUT

writes OUT/{musique,hotpotqa}.corpus.jsonl (id, title, text) and .questions.jsonl (id, question, relevant: [ids]).
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any


def main() -> None:
    source, out = Path(sys.argv[1]), Path(sys.argv[2])
    out.mkdir(parents=True, exist_ok=True)
    for name in ("musique", "hotpotqa"):
        corpus, questions = load(source, name)
        write_jsonl(out / f"{name}.corpus.jsonl", corpus)
        write_jsonl(out / f"{name}.questions.jsonl", questions)
        print(f"{name}: {len(corpus)} passages, {len(questions)} questions")


def load(source: Path, name: str) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """Corpus and questions of one of the two sets."""
    passages = json.loads((source / f"{name}_train_corpus.json").read_text(encoding="utf-8"))
    if isinstance(passages, dict):
        pairs = [(title, "".join(sentences)) for title, sentences in passages.items()]
    else:
        pairs = [(passage["title"], passage["text"]) for passage in passages]
    corpus = [{"id": f"{name}-{n}", "title": title, "text": text} for n, (title, text) in enumerate(pairs)]
    by_both = {(one["title"], one["text"]): one["id"] for one in corpus}
    by_title = {one["title"]: one["id"] for one in corpus}
    questions = []
    for n, asked in enumerate(json.loads((source / f"{name}_train.json").read_text(encoding="utf-8"))):
        if "supporting_facts" in asked:
            relevant = [by_title[title] for title, _ in asked["supporting_facts"]]
        else:
            supporting = [one for one in asked["paragraphs"] if one["is_supporting"]]
            relevant = [by_both[one["title"], one["paragraph_text"]] for one in supporting]
        questions.append(
            {"id": f"{name}-q{n}", "question": asked["question"], "relevant": list(dict.fromkeys(relevant))}
        )
    return corpus, questions


def write_jsonl(path: Path, rows: Iterable[dict[str, Any]]) -> None:
    path.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), encoding="utf-8")


if __name__ == "__main__":
    main()
