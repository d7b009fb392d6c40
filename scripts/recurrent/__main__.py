"""Writes test/fixtures/recurrent: small random RWKV 6, RWKV 7 and PLaMo 2 models, as published folders and as GGUF files with the names and
keys of llama.cpp, and their logits, computed here in float64 from the papers.

    pip install numpy gguf
    python scripts/recurrent
"""

import json
import pathlib

from model import write
from plamo2 import Plamo2
from rwkv6 import Rwkv6
from rwkv7 import Rwkv7

OUT = pathlib.Path(__file__).resolve().parents[2] / "test/fixtures/recurrent"

MODELS = {
    "rwkv6": Rwkv6(61, width=32, size=16, layers=3, inner=40, mixing=8, decaying=12, epsilon=1e-5, rescale=2, fused=True),
    "rwkv6-whole": Rwkv6(62, width=48, size=24, layers=2, inner=72, mixing=4, decaying=8, epsilon=1e-5, rescale=0, fused=False),
    "rwkv7": Rwkv7(71, width=48, size=16, layers=2, inner=96, ranks=[8, 12, 4, 16], epsilon=1e-5),
    "rwkv7-deep": Rwkv7(72, width=40, size=20, layers=3, inner=64, ranks=[16, 8, 8, 12], epsilon=1e-5),
    "plamo2": Plamo2(21, width=48, size=16, heads=4, kv_heads=2, state_heads=3, state=8, kernel=4, step=2, layers=4, inner=40, window=2048, full=[], tied=True),
    "plamo2-window": Plamo2(23, width=32, size=8, heads=2, kv_heads=2, state_heads=4, state=8, kernel=4, step=2, layers=4, inner=36, window=12, full=[1], tied=True),
    "plamo2-step": Plamo2(22, width=32, size=8, heads=4, kv_heads=1, state_heads=5, state=16, kernel=3, step=3, layers=4, inner=36, window=2048, full=[], tied=False),
}

index = {name: write(OUT / name, model) for name, model in MODELS.items()}
(OUT / "index.json").write_text(json.dumps(index, indent=1) + "\n")
