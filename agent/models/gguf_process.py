"""The process behind `Gguf`: python -m agent.models.gguf_process FILE PORT, with the key as the first line of stdin.

It ends when its stdin does, so it never outlives its parent.
"""

from __future__ import annotations

import os
import sys

from xllamacpp import CommonParams, Server


def main() -> None:
    path, port = sys.argv[1], int(sys.argv[2])
    key = sys.stdin.readline().strip()
    params = CommonParams()
    params.model.path = path
    params.n_ctx = 8_192
    params.n_parallel = 1
    params.cpuparams.n_threads = os.cpu_count() or 1
    params.hostnames = ["127.0.0.1"]
    params.port = port
    params.api_keys = [key]
    server = Server(params)
    sys.stdin.read()
    del server
    os._exit(0)


if __name__ == "__main__":
    main()
