"""A private PostgreSQL on a loopback port, for as long as a test needs it: Debian's server, a cluster in a temporary folder."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.servers.ports import free_port

PASSWORD = "correct horse/battery"


def binaries() -> Path | None:
    """Where initdb and pg_ctl are; None where PostgreSQL is not installed."""
    if found := shutil.which("pg_ctl"):
        return Path(found).resolve().parent
    return next(iter(sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)), None)


@contextmanager
def postgres() -> Iterator[str]:
    """The address of an empty database, password and all."""
    home = Path(tempfile.mkdtemp(prefix="footnote-postgres-"))
    data, secret = home / "data", home / "secret"
    secret.write_text(PASSWORD)
    if os.getuid() == 0:
        subprocess.run(["chown", "-R", "postgres", str(home)], check=True)
    port = free_port()
    _run("initdb", "-D", str(data), "-U", "footnote", "-A", "scram-sha-256", f"--pwfile={secret}", "-E", "UTF8")
    options = f"-p {port} -k {home} -c listen_addresses=127.0.0.1 -c fsync=off"
    _run("pg_ctl", "-D", str(data), "-w", "-l", str(home / "log"), "-o", options, "start")
    try:
        yield f"postgresql://footnote:correct%20horse%2Fbattery@127.0.0.1:{port}/postgres"
    finally:
        _run("pg_ctl", "-D", str(data), "-m", "immediate", "stop")
        shutil.rmtree(home, ignore_errors=True)


def _run(program: str, *arguments: str) -> None:
    folder = binaries()
    assert folder is not None
    # PostgreSQL refuses to run as root.
    become = ["runuser", "-u", "postgres", "--"] if os.getuid() == 0 else []
    subprocess.run([*become, str(folder / program), *arguments], check=True, stdout=subprocess.DEVNULL, cwd="/")
