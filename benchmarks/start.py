"""How long a person waits for the command line, and for the assistant to be ready.

    make bench-start

Cold: the console's first start in an empty home. Beside it the bare interpreter, which nothing can be faster than.
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import httpx

from benchmarks.report import Row, publish
from tests.servers.ports import free_port

FOOTNOTE = str(Path(sys.executable).with_name("footnote"))


def seconds(command: list[str]) -> float:
    started = time.perf_counter()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    return time.perf_counter() - started


def several(name: str, command: list[str], times: int) -> Row:
    seconds(command)  # the first one fills the disk cache
    took = [seconds(command) for _ in range(times)]
    return Row(name, {"median ms": 1_000 * statistics.median(took), "best ms": 1_000 * min(took)})


def ready(home: str) -> float:
    """Milliseconds from the command to the first page."""
    port = free_port()
    environment = {**os.environ, "FOOTNOTE_HOME": home, "FOOTNOTE_PORT": str(port)}
    started = time.perf_counter()
    process = subprocess.Popen([FOOTNOTE, "up"], env=environment, stdout=subprocess.DEVNULL)
    try:
        while time.perf_counter() - started < 120:
            try:
                if httpx.get(f"http://127.0.0.1:{port}/healthz", timeout=5).is_success:
                    return 1_000 * (time.perf_counter() - started)
            except httpx.TransportError:
                time.sleep(0.02)
        raise SystemExit("footnote up was not ready within two minutes")
    finally:
        process.terminate()
        process.wait(30)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--times", type=int, default=10)
    parser.add_argument("--out", type=Path, default=Path("benchmarks/results/start.json"))
    arguments = parser.parse_args()
    rows = [
        several("python -c pass", [sys.executable, "-c", "pass"], arguments.times),
        several("footnote --help", [FOOTNOTE, "--help"], arguments.times),
    ]
    with tempfile.TemporaryDirectory() as home:
        cold, again = ready(home), ready(home)
    rows += [
        Row("footnote up, empty home, to ready", {"median ms": cold}),
        Row("footnote up, again", {"median ms": again}),
    ]
    publish("Start", rows, {"times": arguments.times}, arguments.out)


if __name__ == "__main__":
    main()
