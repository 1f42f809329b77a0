"""Where knowledge is kept that does not lie in a folder."""

from __future__ import annotations

from dataclasses import dataclass, field

from pydantic import SecretStr


@dataclass(frozen=True, slots=True)
class Weaviate:
    """A Weaviate server, and whose knowledge there is meant."""

    url: str
    key: SecretStr = field(default_factory=lambda: SecretStr(""))
    grpc_port: int = 50051
    tenant: str = "main"
