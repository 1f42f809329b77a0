"""A private Weaviate on loopback ports: the real server, built once with Go and kept in the user's cache.

``python -m tests.servers.weaviate`` builds it.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from tests.servers.ports import free_ports

VERSION = "1.38.4"
BINARY = Path.home() / ".cache" / "footnote-tests" / f"weaviate-server-{VERSION}"
MISSING = "Weaviate's server is not built and Go is not installed: install Go 1.26 or newer"
BUILD_SECONDS = 1_200


def buildable() -> bool:
    """Whether there is a server, or Go to build one."""
    return BINARY.exists() or shutil.which("go") is not None


def built() -> Path:
    """The server's program, built where it is not there yet: some minutes the first time."""
    if not BINARY.exists():
        BINARY.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=BINARY.parent) as folder:
            package = f"github.com/weaviate/weaviate/cmd/weaviate-server@v{VERSION}"
            environment = os.environ | {"GOBIN": folder}
            subprocess.run(["go", "install", package], check=True, env=environment, timeout=BUILD_SECONDS)
            (Path(folder) / "weaviate-server").replace(BINARY)
    return BINARY


@dataclass
class WeaviateServer:
    """Started, killed and started again on the same ports and data."""

    home: Path
    key: str = ""
    """Where it is given, nobody gets in without it."""
    ports: list[int] = field(default_factory=lambda: free_ports(6))
    _process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.ports[0]}"

    @property
    def grpc_port(self) -> int:
        return self.ports[1]

    def start(self, wait: float = 60.0) -> None:
        """Returns when it answers."""
        arguments = ["--host", "127.0.0.1", "--port", str(self.ports[0]), "--scheme", "http"]
        with (self.home / "log").open("ab") as log:
            self._process = subprocess.Popen(
                [built(), *arguments], env=self._environment(), stdout=log, stderr=log, cwd=self.home
            )
        deadline = time.monotonic() + wait
        while not self._ready():
            if self._process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError(f"Weaviate did not start: {(self.home / 'log').read_text()[-2_000:]}")
            time.sleep(0.1)

    def kill(self) -> None:
        """As kill -9 does."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None

    def _ready(self) -> bool:
        try:
            with urllib.request.urlopen(f"{self.url}/v1/.well-known/ready", timeout=1) as said:
                return bool(said.status == 200)
        except (urllib.error.URLError, OSError):
            return False

    def _environment(self) -> dict[str, str]:
        _, grpc, gossip, data, raft, raft_calls = map(str, self.ports)
        access = {"AUTHENTICATION_ANONYMOUS_ACCESS_ENABLED": "true"}
        if self.key:
            access = {
                "AUTHENTICATION_ANONYMOUS_ACCESS_ENABLED": "false",
                "AUTHENTICATION_APIKEY_ENABLED": "true",
                "AUTHENTICATION_APIKEY_ALLOWED_KEYS": self.key,
                "AUTHENTICATION_APIKEY_USERS": "footnote",
            }
        return {
            "HOME": str(self.home),
            "PATH": os.environ["PATH"],
            "PERSISTENCE_DATA_PATH": str(self.home / "data"),
            "DEFAULT_VECTORIZER_MODULE": "none",
            "DISABLE_TELEMETRY": "true",
            "GOMEMLIMIT": "1GiB",
            # Much that differs between memory and disk shows only once something was written out.
            "PERSISTENCE_MEMTABLES_FLUSH_DIRTY_AFTER_SECONDS": "1",
            "LOG_LEVEL": "error",
            "GRPC_PORT": grpc,
            "CLUSTER_HOSTNAME": "node1",
            "CLUSTER_ADVERTISE_ADDR": "127.0.0.1",
            "CLUSTER_GOSSIP_BIND_PORT": gossip,
            "CLUSTER_DATA_BIND_PORT": data,
            "RAFT_PORT": raft,
            "RAFT_INTERNAL_RPC_PORT": raft_calls,
            "RAFT_BOOTSTRAP_EXPECT": "1",
            **access,
        }


@contextmanager
def weaviate(key: str = "") -> Iterator[WeaviateServer]:
    """An empty server that runs."""
    home = Path(tempfile.mkdtemp(prefix="footnote-weaviate-"))
    server = WeaviateServer(home, key)
    try:
        server.start()
        yield server
    finally:
        server.kill()
        shutil.rmtree(home, ignore_errors=True)


if __name__ == "__main__":
    built()
