"""A team's handbook and questions worded unlike it: what is found, what is quoted, what is refused.

    make bench-team

The handbook is real: Debian's policy, developer's reference and FAQ, from Debian's own packages. The questions are ours, in
other words than the documents'; ``answer`` is words that the passage holds which answers it, empty where nothing does.
The even-numbered ones helped to fit when the assistant says that it does not know (benchmarks/fit_answerability.py); the
odd-numbered ones measure it.
"""

from __future__ import annotations

import argparse
import asyncio
import shutil
import subprocess
import sys
import tempfile
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from agent.answerability import THRESHOLD, answerability
from agent.evidence import from_hit
from agent.quoting import QuotingWriter
from benchmarks.corpus import read_jsonl
from benchmarks.report import Row, publish
from retrieval.documents import Audience, Hit
from retrieval.embedders import Embedder
from retrieval.embedders.choose import open_embedder
from retrieval.search import Searcher
from retrieval.sources.folder import FolderSource
from retrieval.stores.lance import LanceStore
from retrieval.sync import Progress, Syncer, embed_pending

PACKAGES = ("developers-reference", "debian-policy", "debian-faq")
LEFT_OUT = {"search.html", "index.html", "index.en.html", "developers-reference.html", "genindex.html"}
QUESTIONS = Path(__file__).with_name("team_questions.jsonl")
ALL = Audience.public() | Audience.everyone()


def fetch(folder: Path) -> Path:
    """The handbook's pages as a folder of HTML; needs apt. Kept where it is there already."""
    pages = folder / "pages"
    if pages.exists():
        return pages
    if shutil.which("apt-get") is None:
        sys.exit("bench-team: the handbook comes from Debian's packages, and there is no apt-get here.")
    folder.mkdir(parents=True, exist_ok=True)
    subprocess.run(["apt-get", "download", *PACKAGES], cwd=folder, check=True, capture_output=True)
    for package in folder.glob("*.deb"):
        subprocess.run(["dpkg", "-x", str(package), str(folder / "unpacked")], check=True)
    share = folder / "unpacked/usr/share"
    wanted = [*share.glob("doc/debian/FAQ/*.en.html"), *share.glob("developers-reference/*.html")]
    wanted += share.glob("doc/debian-policy/policy.html/ch-*.html")
    pages.mkdir()
    for page in wanted:
        if page.name not in LEFT_OUT:
            shutil.copy(page, pages / f"{page.parent.name}-{page.name}")
    return pages


@asynccontextmanager
async def opened(folder: Path, embedder: Embedder) -> AsyncIterator[tuple[LanceStore, Searcher]]:
    """The handbook, indexed, and a searcher over it; the index is kept in the folder."""
    pages = await asyncio.to_thread(fetch, folder)
    store = await LanceStore.open(folder / "knowledge")
    await store.bind(embedder.name, embedder.dimensions)

    def report(progress: Progress) -> None:
        print(f"\r{progress.stage} {progress.done}/{progress.total}  ", end="", file=sys.stderr, flush=True)

    await Syncer(store).sync(FolderSource(pages), report)
    await embed_pending(store, embedder, report)
    yield store, Searcher(store, embedder)
    await store.close()


def holds(hit: Hit, answer: str) -> bool:
    return " ".join(answer.split()) in " ".join(hit.passage.text.split())


async def measure(searcher: Searcher, embedder: Embedder, asked: Sequence[dict[str, Any]]) -> dict[str, float]:
    """Counts over these questions."""
    writer = QuotingWriter(embedder)
    counts = dict.fromkeys(("answerable", "found in five", "answered", "quoted", "unanswerable", "refused"), 0.0)
    for row in asked:
        hits = (await searcher.search(row["question"], ALL, 10)).hits
        evidence = [from_hit(hit) for hit in hits]
        answered = answerability(row["question"], evidence) >= THRESHOLD
        if not row["answer"]:
            counts["unanswerable"] += 1
            counts["refused"] += not answered
            continue
        quotes = [one["citations"][0]["quote"] async for one in writer.write(row["question"], evidence)]
        words = " ".join(row["answer"].split())
        counts["answerable"] += 1
        counts["found in five"] += any(holds(hit, row["answer"]) for hit in hits[:5])
        counts["answered"] += answered
        counts["quoted"] += any(words in " ".join(quote.split()) for quote in quotes)
    return counts


async def run(folder: Path) -> list[Row]:
    embedder, asked = open_embedder("auto"), read_jsonl(QUESTIONS)
    async with opened(folder, embedder) as (_, searcher):
        return [
            Row("odd-numbered (not fitted on)", await measure(searcher, embedder, asked[1::2])),
            Row("even-numbered", await measure(searcher, embedder, asked[::2])),
        ]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--folder", type=Path, default=Path(tempfile.gettempdir()) / "footnote-team")
    parser.add_argument("--out", type=Path, default=Path("benchmarks/results/team.json"))
    arguments = parser.parse_args()
    rows = asyncio.run(run(arguments.folder))
    publish("A team's questions", rows, {"embedder": open_embedder("auto").name}, arguments.out)


if __name__ == "__main__":
    main()
