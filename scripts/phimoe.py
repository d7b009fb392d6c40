"""Writes test/fixtures/phimoe: a small random Phi-3.5-MoE, as the model is published, and its logits.

    pip install numpy
    python scripts/phimoe.py

The model is computed here from its description, in float64: the configuration and weights of https://huggingface.co/microsoft/Phi-3.5-MoE-instruct
and, for how experts are chosen and weighed, https://arxiv.org/abs/2409.12136 and what the published code does with it at inference. The text is
shorter than the original context, so long-rope turns by its short factors.
"""

import json
import pathlib
import struct

import numpy as np

OUT = pathlib.Path(__file__).resolve().parent.parent / "test/fixtures/phimoe"
WIDTH, HEADS, KV_HEADS, INNER, LAYERS, EXPERTS, USED, BYTES = 32, 4, 2, 20, 2, 6, 2, 256
VOCABULARY, EPSILON, BASE, COUNT, ORIGINAL, CONTEXT, MAGNITUDE, JITTER = BYTES + 2, 1e-5, 10000.0, 24, 64, 256, 1.19, 0.01
DIM = WIDTH // HEADS
random = np.random.default_rng(35)
SHORT, LONG = np.round(random.uniform(1, 2, DIM // 2), 3), np.round(random.uniform(2, 5, DIM // 2), 3)


def bf16(x):
    """The nearest numbers of 16 bits, ties to even."""
    bits = np.asarray(x, np.float32).view(np.uint32)
    bits = bits + 0x7FFF + ((bits >> 16) & 1)
    return (bits & np.uint32(0xFFFF0000)).view(np.float32)


def norm(x, w, b):
    x = x - x.mean(-1, keepdims=True)
    return x / np.sqrt((x * x).mean(-1, keepdims=True) + EPSILON) * w + b


def softmax(x):
    x = np.exp(x - x.max(-1, keepdims=True))
    return x / x.sum(-1, keepdims=True)


def rotate(x, heads):
    """Pairs are half a head apart."""
    half = DIM // 2
    angle = np.arange(len(x))[:, None] * BASE ** (-np.arange(half) / half) / SHORT
    x = x.reshape(len(x), heads, DIM)
    a, b, cos, sin = x[..., :half], x[..., half:], MAGNITUDE * np.cos(angle)[:, None], MAGNITUDE * np.sin(angle)[:, None]
    return np.concatenate([a * cos - b * sin, a * sin + b * cos], -1)


def mixed(scores):
    """Of one row: experts and weights, the best first. Each weighs as in a softmax over those that are left and near it."""
    left, chosen = scores.copy(), []
    for _ in range(USED):
        best = left.max()
        far = (best - scores) / np.maximum(np.abs(scores), best) > 2 * JITTER
        e = int(left.argmax())
        chosen.append((e, softmax(np.where(far, -np.inf, left))[e]))
        left[e] = -np.inf
    return chosen


def forward(weights, ids):
    w = lambda name: weights[name].astype(np.float64)
    layer_norm = lambda x, name: norm(x, w(name + ".weight"), w(name + ".bias"))
    x = w("model.embed_tokens.weight")[ids]
    for i in range(LAYERS):
        b = f"model.layers.{i}."
        product = lambda x, name: x @ w(f"{b}self_attn.{name}_proj.weight").T + w(f"{b}self_attn.{name}_proj.bias")
        h = layer_norm(x, b + "input_layernorm")
        q, k = rotate(product(h, "q"), HEADS), rotate(product(h, "k"), KV_HEADS)
        v = product(h, "v").reshape(len(ids), KV_HEADS, DIM)
        k, v = (np.repeat(t, HEADS // KV_HEADS, 1) for t in (k, v))
        scores = np.einsum("qhd,khd->hqk", q, k) / np.sqrt(DIM)
        share = softmax(np.where(np.tril(np.ones((len(ids), len(ids)), bool)), scores, -np.inf))
        x = x + product(np.einsum("hqk,khd->qhd", share, v).reshape(len(ids), WIDTH), "o")
        h = layer_norm(x, b + "post_attention_layernorm")
        routed = h @ w(b + "block_sparse_moe.gate.weight").T
        for r, scores in enumerate(routed):
            for e, weight in mixed(scores):
                gate, down, up = (w(f"{b}block_sparse_moe.experts.{e}.w{j}.weight") for j in (1, 2, 3))
                g = gate @ h[r]
                x[r] += weight * (down @ (g / (1 + np.exp(-g)) * (up @ h[r])))
    return layer_norm(x, "model.norm") @ w("lm_head.weight").T + w("lm_head.bias")


def write_tensors(path, tensors):
    header, data = {}, b""
    for name, t in sorted(tensors.items()):
        raw = (np.ascontiguousarray(t, np.float32).view(np.uint32) >> 16).astype("<u2").tobytes()
        header[name] = {"dtype": "BF16", "shape": list(t.shape), "data_offsets": [len(data), len(data) + len(raw)]}
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


def main():
    matrix = lambda rows, cols, deviation=0.3: bf16(random.normal(0, deviation, (rows, cols)))
    vector = lambda n, mean=0.0: bf16(random.normal(mean, 0.1, n))
    weights = {"model.embed_tokens.weight": matrix(VOCABULARY, WIDTH, 1), "lm_head.weight": matrix(VOCABULARY, WIDTH), "lm_head.bias": vector(VOCABULARY)}
    weights |= {"model.norm.weight": vector(WIDTH, 1), "model.norm.bias": vector(WIDTH)}
    rows = {"q": WIDTH, "k": KV_HEADS * DIM, "v": KV_HEADS * DIM, "o": WIDTH}
    for i in range(LAYERS):
        b = f"model.layers.{i}."
        for n in ("input_layernorm", "post_attention_layernorm"):
            weights |= {f"{b}{n}.weight": vector(WIDTH, 1), f"{b}{n}.bias": vector(WIDTH)}
        for n, count in rows.items():
            weights |= {f"{b}self_attn.{n}_proj.weight": matrix(count, WIDTH), f"{b}self_attn.{n}_proj.bias": vector(count)}
        # Near one another, as those of a trained router are: else every weight is 1.
        weights[b + "block_sparse_moe.gate.weight"] = bf16(matrix(1, WIDTH) + random.normal(0, 0.004, (EXPERTS, WIDTH)))
        for e in range(EXPERTS):
            x = f"{b}block_sparse_moe.experts.{e}."
            weights |= {x + "w1.weight": matrix(INNER, WIDTH), x + "w2.weight": matrix(WIDTH, INNER), x + "w3.weight": matrix(INNER, WIDTH)}
    ids = random.integers(0, BYTES, COUNT)
    config = {
        "architectures": ["PhiMoEForCausalLM"],
        **{"hidden_size": WIDTH, "intermediate_size": INNER, "num_hidden_layers": LAYERS, "vocab_size": VOCABULARY},
        **{"num_attention_heads": HEADS, "num_key_value_heads": KV_HEADS, "max_position_embeddings": CONTEXT, "rope_theta": BASE},
        **{"original_max_position_embeddings": ORIGINAL, "sliding_window": CONTEXT, "attention_bias": True, "lm_head_bias": True},
        **{"num_local_experts": EXPERTS, "num_experts_per_tok": USED, "router_jitter_noise": JITTER, "hidden_act": "silu", "rms_norm_eps": EPSILON},
        **{"tie_word_embeddings": False, "bos_token_id": BYTES, "eos_token_id": BYTES + 1},
        "rope_scaling": {
            **{"type": "longrope", "original_max_position_embeddings": ORIGINAL, "short_mscale": MAGNITUDE, "long_mscale": MAGNITUDE},
            **{"short_factor": SHORT.tolist(), "long_factor": LONG.tolist()},
        },
    }
    OUT.mkdir(parents=True, exist_ok=True)
    (OUT / "config.json").write_text(json.dumps(config) + "\n")
    (OUT / "tokenizer.json").write_text(json.dumps(tokenizer(), ensure_ascii=False) + "\n")
    (OUT / "ids.json").write_text(json.dumps({"ids": ids.tolist()}) + "\n")
    write_tensors(OUT / "model.safetensors", weights)
    (OUT / "logits.f32").write_bytes(forward(weights, ids).astype("<f4").tobytes())


main()
