"""Writes test/fixtures/bitnet: a small random BitNet b1.58, as the model is published, and its logits.

    pip install numpy
    python scripts/bitnet.py

The model is computed here from its description, in float64: https://arxiv.org/abs/2402.17764 and the configuration and weights of
https://huggingface.co/microsoft/bitnet-b1.58-2B-4T. `packed` holds ternary weights, four in a byte, and their scale; `master` holds the
weights that they are rounded from. Products are of rows as they are: what the published model does besides, rounding them to 8 bits, is
told by `rounded` in ids.json, the root mean square of the difference that it makes to a row of logits, relative to that row.
"""

import json
import pathlib
import struct

import numpy as np

OUT = pathlib.Path(__file__).resolve().parent.parent / "test/fixtures/bitnet"
WIDTH, HEADS, KV_HEADS, INNER, LAYERS, BYTES = 32, 4, 2, 64, 2, 256
VOCABULARY, EPSILON, BASE, COUNT = BYTES + 2, 1e-5, 500000.0, 24
DIM = WIDTH // HEADS
random = np.random.default_rng(158)


def bf16(x):
    """The nearest numbers of 16 bits, ties to even."""
    bits = np.asarray(x, np.float32).view(np.uint32)
    bits = bits + 0x7FFF + ((bits >> 16) & 1)
    return (bits & np.uint32(0xFFFF0000)).view(np.float32)


def norm(x, w):
    return x / np.sqrt((x * x).mean(-1, keepdims=True) + EPSILON) * w


def to_8_bits(x):
    unit = np.maximum(np.abs(x).max(-1, keepdims=True), 1e-5) / 127
    return np.clip(np.round(x / unit), -128, 127) * unit


def rotate(x, heads):
    """Pairs are half a head apart."""
    half = DIM // 2
    angle = np.arange(len(x))[:, None] * BASE ** (-np.arange(half) / half)
    x = x.reshape(len(x), heads, DIM)
    a, b, cos, sin = x[..., :half], x[..., half:], np.cos(angle)[:, None], np.sin(angle)[:, None]
    return np.concatenate([a * cos - b * sin, a * sin + b * cos], -1)


def forward(weights, linear, ids, rounds):
    """linear: name to matrix. rounds: rows of products to 8 bits."""
    product = lambda x, name: (to_8_bits(x) if rounds else x) @ linear[name].T
    x = weights["model.embed_tokens.weight"][ids]
    for i in range(LAYERS):
        b = f"model.layers.{i}."
        h = norm(x, weights[b + "input_layernorm.weight"])
        q, k = rotate(product(h, b + "self_attn.q_proj"), HEADS), rotate(product(h, b + "self_attn.k_proj"), KV_HEADS)
        v = product(h, b + "self_attn.v_proj").reshape(len(ids), KV_HEADS, DIM)
        k, v = (np.repeat(t, HEADS // KV_HEADS, 1) for t in (k, v))
        scores = np.einsum("qhd,khd->hqk", q, k) / np.sqrt(DIM)
        scores = np.where(np.tril(np.ones((len(ids), len(ids)), bool)), scores, -np.inf)
        share = np.exp(scores - scores.max(-1, keepdims=True))
        share /= share.sum(-1, keepdims=True)
        a = np.einsum("hqk,khd->qhd", share, v).reshape(len(ids), WIDTH)
        x = x + product(norm(a, weights[b + "self_attn.attn_sub_norm.weight"]), b + "self_attn.o_proj")
        h = norm(x, weights[b + "post_attention_layernorm.weight"])
        h = np.maximum(product(h, b + "mlp.gate_proj"), 0) ** 2 * product(h, b + "mlp.up_proj")
        x = x + product(norm(h, weights[b + "mlp.ffn_sub_norm.weight"]), b + "mlp.down_proj")
    return norm(x, weights["model.norm.weight"]) @ weights["model.embed_tokens.weight"].T


def write_tensors(path, tensors):
    header, data = {}, b""
    for name, t in sorted(tensors.items()):
        raw = t.tobytes() if t.dtype == np.uint8 else (np.ascontiguousarray(t, np.float32).view(np.uint32) >> 16).astype("<u2").tobytes()
        header[name] = {"dtype": "U8" if t.dtype == np.uint8 else "BF16", "shape": list(t.shape), "data_offsets": [len(data), len(data) + len(raw)]}
        data += raw
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    path.write_bytes(struct.pack("<Q", len(text)) + text + data)


def tokenizer():
    """A token a byte, spelt as GPT-2's."""
    shown = [b for b in range(BYTES) if 33 <= b <= 126 or 161 <= b <= 172 or b >= 174]
    others = iter(range(BYTES, 2 * BYTES))
    vocab = {chr(b if b in shown else next(others)): b for b in range(BYTES)}
    added = [{"id": BYTES + i, "content": t, "special": True} for i, t in enumerate(["<|begin|>", "<|end|>"])]
    split = {"type": "ByteLevel", "add_prefix_space": False, "use_regex": True}
    return {"added_tokens": added, "pre_tokenizer": split, "model": {"type": "BPE", "vocab": vocab, "merges": []}}


def write(name, mode, weights, stored, linear, ids):
    folder = OUT / name
    folder.mkdir(parents=True, exist_ok=True)
    config = {
        "architectures": ["BitNetForCausalLM"],
        **{"hidden_size": WIDTH, "intermediate_size": INNER, "num_hidden_layers": LAYERS, "vocab_size": VOCABULARY},
        **{"num_attention_heads": HEADS, "num_key_value_heads": KV_HEADS, "max_position_embeddings": 128, "rope_theta": BASE},
        **{"hidden_act": "relu2", "rms_norm_eps": EPSILON, "tie_word_embeddings": True, "bos_token_id": BYTES, "eos_token_id": BYTES + 1},
        "quantization_config": {"quant_method": "bitnet", "linear_class": "autobitlinear", "quantization_mode": mode},
    }
    exact, rounded = (forward(weights, linear, ids, rounds) for rounds in (False, True))
    difference = np.sqrt(((exact - rounded) ** 2).mean(-1) / (exact**2).mean(-1))
    (folder / "config.json").write_text(json.dumps(config) + "\n")
    (folder / "tokenizer.json").write_text(json.dumps(tokenizer(), ensure_ascii=False) + "\n")
    (folder / "ids.json").write_text(json.dumps({"ids": ids.tolist(), "rounded": round(float(np.median(difference)), 5)}) + "\n")
    write_tensors(folder / "model.safetensors", stored)
    (folder / "logits.f32").write_bytes(exact.astype("<f4").tobytes())


def main():
    shapes = {"self_attn.q_proj": (WIDTH, WIDTH), "self_attn.k_proj": (KV_HEADS * DIM, WIDTH), "self_attn.v_proj": (KV_HEADS * DIM, WIDTH)}
    shapes |= {"self_attn.o_proj": (WIDTH, WIDTH), "mlp.gate_proj": (INNER, WIDTH), "mlp.up_proj": (INNER, WIDTH), "mlp.down_proj": (WIDTH, INNER)}
    norms = {"input_layernorm": WIDTH, "post_attention_layernorm": WIDTH, "self_attn.attn_sub_norm": WIDTH, "mlp.ffn_sub_norm": INNER}
    weights = {"model.embed_tokens.weight": bf16(random.normal(0, 1, (VOCABULARY, WIDTH))), "model.norm.weight": bf16(random.normal(1, 0.1, WIDTH))}
    masters, packed, of_packed, of_masters = {}, {}, {}, {}
    for i in range(LAYERS):
        b = f"model.layers.{i}."
        weights |= {f"{b}{n}.weight": bf16(random.normal(1, 0.1, size)) for n, size in norms.items()}
        for n, (rows, cols) in shapes.items():
            w = bf16(random.normal(0, 0.3, (rows, cols)))
            unit = np.maximum(np.abs(w.astype(np.float64)).mean(), 1e-5)
            ternary = np.clip(np.round(w / unit), -1, 1)
            scale = bf16(np.array([unit]))
            quarters = (ternary + 1).astype(np.uint8).reshape(4, rows // 4, cols)
            masters[f"{b}{n}.weight"] = w
            packed |= {f"{b}{n}.weight": sum(quarters[j] << 2 * j for j in range(4)).astype(np.uint8), f"{b}{n}.weight_scale": scale}
            of_packed[b + n] = ternary * scale.astype(np.float64)
            of_masters[b + n] = ternary * bf16(unit).astype(np.float64)
    ids = random.integers(0, BYTES, COUNT)
    write("packed", "offline", weights, weights | packed, of_packed, ids)
    write("master", "online", weights, weights | masters, of_masters, ids)


main()
