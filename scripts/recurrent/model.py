"""What the small random models of this folder have in common: their numbers, norms, and how they are written."""

import json
import struct

import gguf
import numpy as np

COUNT, BYTES, TABLE = 40, 256, 304
GROUP_EPSILON = 64e-5  # of the norms of each head's result in RWKV


def bf16(x):
    """The nearest numbers of 16 bits, ties to even."""
    bits = np.asarray(x, np.float32).view(np.uint32)
    bits = bits + 0x7FFF + ((bits >> 16) & 1)
    return (bits & np.uint32(0xFFFF0000)).view(np.float32)


sigmoid = lambda x: 1 / (1 + np.exp(-x))
silu = lambda x: x * sigmoid(x)
squared = lambda x: np.maximum(x, 0) ** 2


def layer_norm(x, w, b, epsilon):
    x = x - x.mean(-1, keepdims=True)
    return x / np.sqrt((x * x).mean(-1, keepdims=True) + epsilon) * w + b


def rms_norm(x, w, epsilon):
    return x / np.sqrt((x * x).mean(-1, keepdims=True) + epsilon) * w


def before(x):
    """Each token's predecessor's row; zeros for the first."""
    return np.concatenate([np.zeros_like(x[:1]), x[:-1]])


class Model:
    """A folder's tensors by their names there; `w` gives them in float64, of a layer by what follows its number."""

    def __init__(self, seed, **sizes):
        self.random, self.tensors, self.gguf = np.random.default_rng(seed), {}, []
        self.__dict__.update(sizes)

    def add(self, name, shape, deviation=0.3, mean=0.0):
        self.tensors[name] = bf16(self.random.normal(mean, deviation, shape))

    def norm(self, name):
        self.add(name + ".weight", self.width, 0.1, 1)
        self.add(name + ".bias", self.width, 0.1)

    def w(self, name):
        return self.tensors[name].astype(np.float64)

    def write_gguf(self, name, value, matrix=False):
        self.gguf.append((name, np.ascontiguousarray(value, np.float32), matrix))


def write_tensors(path, tensors):
    header, data = {}, b""
    for name, t in sorted(tensors.items()):
        raw = (np.ascontiguousarray(t, np.float32).view(np.uint32) >> 16).astype("<u2").tobytes()
        header[name] = {"dtype": "BF16", "shape": list(t.shape), "data_offsets": [len(data), len(data) + len(raw)]}
        data += raw
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    path.write_bytes(struct.pack("<Q", len(text)) + text + data)


def write(to, model):
    """The folder and the GGUF file of a model, and its logits."""
    to.mkdir(parents=True, exist_ok=True)
    model.fill()
    ids = model.random.integers(1, BYTES, COUNT)
    (to / "config.json").write_text(json.dumps(model.config()) + "\n")
    (to / "ids.json").write_text(json.dumps({"ids": ids.tolist(), "kind": "logits"}) + "\n")
    write_tensors(to / "model.safetensors", model.tensors)
    (to / "logits.f32").write_bytes(model.forward(ids).astype("<f4").tobytes())
    model.write_tokenizer(to)
    out = gguf.GGUFWriter(to / "model-bf16.gguf", model.architecture)
    model.to_gguf(out)
    for tensor, value, matrix in model.gguf:
        kind = gguf.GGMLQuantizationType.BF16 if matrix else gguf.GGMLQuantizationType.F32
        out.add_tensor(tensor, gguf.quants.quantize(value, kind) if matrix else value, raw_dtype=kind)
    out.write_header_to_file()
    out.write_kv_data_to_file()
    out.write_tensors_to_file()
    out.close()
    return {"architecture": model.architecture, "output": "logits"}
