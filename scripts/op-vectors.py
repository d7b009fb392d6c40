"""Writes test/fixtures/ops.json: what numpy, in float64 and from the formulas of the shared test data (opset/ops.py), makes of each op.

    pip install numpy
    python scripts/op-vectors.py

Inputs are multiples of 1/64, so that they are the same numbers in a file, in f32 and in float64.
"""

import json
import os
import pathlib
import sys

import numpy as np

ROOT = pathlib.Path(__file__).resolve().parent.parent
sys.path.insert(0, str(pathlib.Path(os.environ.get("LLAMA_TS_SHARED", ROOT.parent / "shared")) / "opset"))
import ops  # noqa: E402

random = np.random.default_rng(1)
vectors = {}


def numbers(rows, cols, scale=1.0):
    return np.round(random.normal(0, scale, (rows, cols)) * 64) / 64


def add(op, **vector):
    """Arrays become lists of rows; what is None is not there."""
    plain = {}
    for key, value in vector.items():
        if isinstance(value, np.ndarray):
            rows = np.atleast_2d(value)
            value = rows.tolist() if np.issubdtype(rows.dtype, np.integer) else [[float(f"{x:.9g}") for x in row] for row in rows]
        if value is not None:
            plain[key] = value
    vectors.setdefault(op, []).append(plain)


def norms():
    for centred in (False, True):
        for heads, rows in ((1, 1), (2, 1), (2, 2)):
            x, dim = numbers(2, 6), 6 // heads
            w, b = numbers(rows, dim), numbers(rows, dim)
            y = np.empty_like(x)
            for h in range(heads):
                part = slice(h * dim, (h + 1) * dim)
                weight, bias = w[h % rows], b[h % rows]
                y[:, part] = ops.layer_norm(x[:, part], weight, bias, 1e-3) if centred else ops.rms_norm(x[:, part], weight, 1e-3) + bias
            add("norm", x=x, w=w, b=b, eps=1e-3, heads=heads, centred=centred, y=y)
        x = numbers(2, 5)
        add("norm", x=x, eps=1e-3, centred=centred, y=ops.layer_norm(x, None, None, 1e-3) if centred else ops.rms_norm(x, None, 1e-3))


def maps():
    functions = {
        "none": lambda x: x, "silu": ops.silu, "gelu": ops.gelu, "gelu_tanh": ops.gelu_tanh, "relu": lambda x: np.maximum(x, 0),
        "relu2": ops.relu2, "sigmoid": ops.sigmoid, "softplus": ops.softplus, "tanh": np.tanh, "clamp": lambda x: ops.clamp(x, 1.5),
    }  # fmt: skip
    for act, f in functions.items():
        a, b = numbers(2, 6, 3), numbers(2, 6)
        add("map", act=act, limit=1.5, a=a, y=f(a))
        add("map", act=act, limit=1.5, inner=0.5, outer=-2, a=a, b=b, y=-2 * f(0.5 * a) * b)
        add("map", act=act, limit=1.5, inner=1.5, outer=0.25, adds=True, a=a, b=b, y=0.25 * f(1.5 * a) + b)
    a, b = numbers(2, 6, 3), numbers(2, 6, 3)
    add("map", act="swiglu", limit=1.5, inner=1.75, a=a, b=b, y=ops.swiglu_clamped(a, b, 1.75, 1.5))
    for rows, cols in ((1, 6), (2, 1), (2, 3), (1, 2), (1, 1)):
        a, b = numbers(2, 6), numbers(rows, cols)
        add("map", act="none", a=a, b=b, y=a * np.repeat(b, 6 // cols, 1))
        add("map", act="tanh", adds=True, a=a, b=b, y=np.tanh(a) + np.repeat(b, 6 // cols, 1))


def ropes():
    turns, freqs = np.array([[0], [1], [7]]), numbers(1, 2)
    for pairs in ("half", "next"):
        for start in (0, 2):
            x = numbers(3, 14)
            y = ops.rope(x, turns[:, 0], 2, freqs[0], pairs, 1.25, start)
            add("rope", x=x, turns=turns, freqs=freqs, magnitude=1.25, heads=2, start=start, neighbours=pairs == "next", y=y)
    # Each pair turns by the position on its own axis: a rotation of that pair alone.
    x, turns, freqs, axes = numbers(2, 8), np.array([[1, 5, 9], [2, 0, 4]]), numbers(1, 4), np.array([[0, 1, 2, 1]])
    y = x.copy()
    for i, axis in enumerate(axes[0]):
        y[:, [i, i + 4]] = ops.rope(x[:, [i, i + 4]], turns[:, axis], 1, freqs[:, i])
    add("rope", x=x, turns=turns, freqs=freqs, axes=axes, heads=1, y=y)


def attentions():
    places, heads, kv_heads = np.array([0, 3, 6]), 4, 2
    q, k, v = numbers(3, heads * 4), numbers(9, kv_heads * 4), numbers(9, kv_heads * 3)
    sinks, slopes = numbers(1, heads), np.array([[0.5, 0.25, 0.125, 0.0625]])
    cases = (
        ({}, {}),
        ({"window": 3}, {"window": 3}),
        ({"chunk": 2}, {"chunk": 2}),
        ({"cap": 0.75}, {"cap": 0.75}),
        ({"sinks": sinks}, {"sinks": sinks[0]}),
        ({"slopes": slopes}, {"slopes": slopes[0]}),
        ({"sees": np.array([[8, 8, 8]]).T}, {"causal": False}),
        ({"sees": np.array([[8, 8, 8]]).T, "window": 3, "ahead": 2}, {"causal": False, "symmetric_window": 2}),
        ({"sees": np.array([[8, 8, 8]]).T, "sinks": sinks, "slopes": slopes}, {"causal": False, "sinks": sinks[0], "slopes": slopes[0]}),
        ({"cap": 0.75, "sinks": sinks, "slopes": slopes, "window": 5}, {"cap": 0.75, "sinks": sinks[0], "slopes": slopes[0], "window": 5}),
    )
    for ours, theirs in cases:
        y = ops.attend(q, k, v, heads, kv_heads, 0.5, places, np.arange(9), **theirs)
        add("attend", q=q, k=k, v=v, places=places[:, None], heads=heads, kv_heads=kv_heads, scale=0.5, **ours, y=y)
    k = numbers(9, 6)
    y = ops.attend(q[:, :12], k, k[:, :4], 2, 1, 0.5, places, np.arange(9))
    add("attend", q=q[:, :12], k=k, latent=4, places=places[:, None], heads=2, kv_heads=1, scale=0.5, y=y)


def products():
    x, w, b = numbers(3, 4), numbers(3 * 2, 4), numbers(3, 2)
    ids = np.array([[2, 4], [3, 3], [0, 5]])  # of experts 0 to 5, of which 2 to 4 are here
    y = np.zeros((6, 2))
    for r, row in enumerate(ids):
        for j, e in enumerate(row):
            if 2 <= e < 5:
                y[2 * r + j] = ops.matmul(x[r], w[(e - 2) * 2 : (e - 1) * 2], b[e - 2])
    add("matmul", x=x, w=w, b=b, ids=ids, count=3, first=2, y=y)
    x, w = numbers(2, 3 * 4), numbers(3 * 2, 4)
    add("matmul", x=x.reshape(6, 4), w=w, count=3, y=ops.matmul_heads(x, w.reshape(3, 2, 4)).reshape(6, 2))


def routes():
    for gating in ("softmax", "sigmoid", "chosen"):
        for groups in (1, 4):
            for extra in ({}, {"normalize": True, "scale": 2.5}):
                scores, bias = numbers(3, 8, 1.5), numbers(1, 8, 0.25)
                gates = {"softmax": ops.softmax, "sigmoid": ops.sigmoid, "chosen": lambda s: s}[gating](scores)
                grouped = {"groups": groups, "used_groups": 2, "group_best": 1 if extra else 2} if groups > 1 else {}
                if gating == "chosen":
                    ids, weights = ops.route(gates + bias, 3, gates, **grouped)
                    weights = ops.softmax(weights) * extra.get("scale", 1)  # whose sum is one already
                else:
                    ids, weights = ops.route(gates + bias, 3, gates, **extra, **grouped)
                add("route", scores=scores, bias=bias, gating=gating, **extra, **grouped, ids=ids, weights=weights)
    scores = np.array([[1.0, 2, 2, 0, 2]])  # of equal ones the lower number
    ids, weights = ops.route(ops.softmax(scores), 4)
    add("route", scores=scores, gating="softmax", ids=ids, weights=weights)
    x, ids, weights = numbers(2 * 3, 4), np.array([[0, 1, 2]] * 2), numbers(2, 3)
    parts = x.reshape(2, 3, 4)
    add("combine", x=x, weights=weights, y=ops.experts(np.arange(2)[:, None], ids, weights, lambda e, rows: parts[rows[:, 0], e]))


def recurrences():
    for width, biased in ((3, True), (4, False)):
        x, w, b, before = numbers(5, 2), numbers(2, width), numbers(1, 2) if biased else None, numbers(width - 1, 2)
        for state in (None, before):
            y, after = ops.causal_conv(x, w, b if b is None else b[0], state)
            add("conv", x=x, w=w, b=b, state=state if state is None else state.reshape(1, -1), y=y, after=after.reshape(1, -1))
    for heads, groups, width, decays in ((4, 2, 1, 3), (2, 1, 2, 1), (4, 2, 2, 3)):
        x, dt, b, c = numbers(3, heads * width), np.abs(numbers(3, heads)), numbers(3, groups * 3), numbers(3, groups * 3)
        a, d, before = -np.abs(numbers(heads, decays)), numbers(1, heads), numbers(heads * width, 3)
        for state in (None, before.reshape(heads, width, 3)):
            y, after = ops.ssm_scan(x, dt, a, b, c, d[0], heads, groups, state)
            state = state if state is None else state.reshape(1, -1)
            add("scan", x=x, dt=dt, a=a, b=b, c=c, d=d, heads=heads, groups=groups, state=state, y=y, after=after.reshape(1, -1))
    for tiled in (False, True):
        for rows in (1, 2):  # decays of a head
            q, k, v = numbers(3, 2 * 2, 0.5), numbers(3, 2 * 2, 0.5), numbers(3, 4 * 3)
            decay, beta, before = -np.abs(numbers(3, 4 * rows)), np.abs(numbers(3, 4, 0.5)), numbers(4 * 2, 3)
            for state in (None, before.reshape(4, 2, 3)):
                y, after = ops.gated_delta(q, k, v, decay, beta, 2, 4, tiled, state)
                state = state if state is None else state.reshape(1, -1)
                add("delta", q=q, k=k, v=v, decay=decay, beta=beta, key_heads=2, value_heads=4, tiled=tiled, state=state, y=y, after=after.reshape(1, -1))


def mixtures():
    for near in (0.02, 0.6):  # SparseMixer: each of the best beside those near it that are left
        scores = numbers(4, 8, 1.5)
        left, ids, weights = scores.copy(), [], []
        for _ in range(2):
            best = left.max(-1, keepdims=True)
            far = (best - scores) / np.maximum(np.abs(scores), best) > near
            ids.append(left.argmax(-1))
            weights.append(np.take_along_axis(ops.softmax(np.where(far, -np.inf, left)), ids[-1][:, None], 1))
            np.put_along_axis(left, ids[-1][:, None], -np.inf, 1)
        add("route", scores=scores, gating="mixed", near=near, ids=np.stack(ids, 1), weights=np.concatenate(weights, 1))


def wkv(r, k, v, decay, state, nested=False, bonus=None, removes=None, replaces=None):
    """RWKV 6 (arXiv:2404.05892) and 7 (arXiv:2503.14456) of one head, whose state has a row a column of k."""
    state = np.zeros((k.shape[1], v.shape[1])) if state is None else state
    y = np.empty_like(v)
    for t in range(len(v)):
        taken = np.outer(k[t], v[t])
        kept = np.diag(np.exp(-np.exp(decay[t]) if nested else decay[t]))
        if removes is not None:
            kept = kept + np.outer(replaces[t], removes[t])
        seen = None if bonus is None else state + bonus[:, None] * taken
        state = kept @ state + taken
        y[t] = r[t] @ (state if seen is None else seen)
    return y, state


def wkvs():
    heads, size, width, rows = 2, 3, 2, 4
    for kind in ("plain", "bonus", "replacing"):
        r, k, v, decay = numbers(rows, heads * size, 0.5), numbers(rows, heads * size, 0.5), numbers(rows, heads * width), -np.abs(numbers(rows, heads * size))
        before, more = numbers(heads * size, width), {}
        if kind == "bonus":
            decay, more = -decay - 1, {"nested": True, "bonus": numbers(1, heads * size)}
        if kind == "replacing":
            more = {"removes": numbers(rows, heads * size, 0.5), "replaces": numbers(rows, heads * size, 0.5)}
        for state in (None, before.reshape(heads, size, width)):
            of = lambda x, h: x if not isinstance(x, np.ndarray) else np.split(x, heads, -1)[h] if len(x) > 1 else np.split(x[0], heads)[h]
            parts = [
                wkv(*(of(x, h) for x in (r, k, v, decay)), None if state is None else state[h], **{n: of(x, h) for n, x in more.items()})
                for h in range(heads)
            ]
            y, after = np.concatenate([p[0] for p in parts], 1), np.stack([p[1] for p in parts])
            state = state if state is None else state.reshape(1, -1)
            add("wkv", r=r, k=k, v=v, decay=decay, heads=heads, **more, state=state, y=y, after=after.reshape(1, -1))


for make in (norms, maps, ropes, attentions, products, routes, recurrences, mixtures, wkvs):
    make()
lines = ",\n".join(f'  "{op}": [\n' + ",\n".join("    " + json.dumps(v) for v in all) + "\n  ]" for op, all in vectors.items())
(ROOT / "test/fixtures/ops.json").write_text("{\n" + lines + "\n}\n")
