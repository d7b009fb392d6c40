"""PLaMo 2: attention and, token by token, Mamba 2 (https://arxiv.org/abs/2405.21060), as https://huggingface.co/pfnet/plamo-2-1b has it."""

import json

import numpy as np
from model import BYTES, COUNT, TABLE, Model, rms_norm, silu


class Plamo2(Model):
    architecture, epsilon = "plamo2", 1e-6

    def attends(self, i):
        return i == self.layers - 1 if self.layers <= self.step // 2 else i % self.step == self.step // 2

    def fill(self):
        self.steps, self.columns = max(64, self.width // 16), self.state_heads * self.size
        self.add("model.embed_tokens.weight", (TABLE, self.width), 1)
        for i in range(self.layers):
            b, m = f"model.layers.layers.{i}.", f"model.layers.layers.{i}.mixer."
            for n in ("pre_mixer_norm", "post_mixer_norm", "pre_mlp_norm", "post_mlp_norm"):
                self.add(f"{b}{n}.weight", self.width, 0.1)
            if self.attends(i):
                self.add(m + "qkv_proj.weight", ((self.heads + 2 * self.kv_heads) * self.size, self.width))
                self.add(m + "o_proj.weight", (self.width, self.heads * self.size))
                self.add(m + "q_weight", (self.heads, self.size), 0.2, 1)
                self.add(m + "k_weight", (self.kv_heads, self.size), 0.2, 1)
            else:
                self.add(m + "in_proj.weight", (2 * self.columns, self.width))
                self.add(m + "conv1d.weight", (self.columns, 1, self.kernel))
                self.add(m + "bcdt_proj.weight", (self.steps + 2 * self.state, self.columns))
                self.add(m + "dt_proj.weight", (self.state_heads, self.steps), 0.2)
                self.add(m + "dt_bias", self.state_heads, 0.5, -1)
                self.add(m + "A_log", self.state_heads, 0.5)
                self.add(m + "D", self.state_heads, 0.2, 1)
                for n, size in (("dt", self.steps), ("B", self.state), ("C", self.state)):
                    self.add(f"{m}{n}_norm_weight", size, 0.2, 1)
                self.add(m + "out_proj.weight", (self.width, self.columns))
            self.add(b + "mlp.gate_up_proj.weight", (2 * self.inner, self.width))
            self.add(b + "mlp.down_proj.weight", (self.width, self.inner))
        self.add("model.norm.weight", self.width, 0.1)
        if not self.tied:
            self.add("lm_head.weight", (TABLE, self.width))

    def rotate(self, x):
        """Pairs are half a head apart."""
        half = self.size // 2
        angle = np.arange(len(x))[:, None] * 10000.0 ** (-np.arange(half) / half)
        a, b, cos, sin = x[..., :half], x[..., half:], np.cos(angle)[:, None], np.sin(angle)[:, None]
        return np.concatenate([a * cos - b * sin, a * sin + b * cos], -1)

    def attention(self, i, x):
        w = lambda name: self.w(f"model.layers.layers.{i}.mixer.{name}")
        qkv = (x @ w("qkv_proj.weight").T).reshape(len(x), -1, self.size)
        q, k, v = np.split(qkv, [self.heads, self.heads + self.kv_heads], 1)
        q, k = (self.rotate(rms_norm(y, w(n), 1e-6)) for y, n in ((q, "q_weight"), (k, "k_weight")))
        k, v = (np.repeat(y, self.heads // self.kv_heads, 1) for y in (k, v))
        scores = np.einsum("qhd,khd->hqk", q, k) / np.sqrt(self.size)
        place = np.arange(len(x))
        away = place[:, None] - place[None, :]
        seen = (away >= 0) & ((away < self.window) | (i in self.full))
        scores = np.exp(np.where(seen, scores, -np.inf))
        share = scores / scores.sum(-1, keepdims=True)
        return np.einsum("hqk,khd->qhd", share, v).reshape(len(x), -1) @ w("o_proj.weight").T

    def mamba(self, i, x):
        w = lambda name: self.w(f"model.layers.layers.{i}.mixer.{name}")
        both = (x @ w("in_proj.weight").T).reshape(len(x), self.state_heads, 2, self.size)
        gate, x = both[:, :, 0], both[:, :, 1].reshape(len(x), -1)
        padded, taps = np.concatenate([np.zeros((self.kernel - 1, x.shape[1])), x]), w("conv1d.weight")[:, 0]
        x = silu(sum(padded[j : j + len(x)] * taps[:, j] for j in range(self.kernel)))
        b, c, dt = np.split(x @ w("bcdt_proj.weight").T, [self.state, 2 * self.state], 1)
        b, c, dt = (rms_norm(y, w(n + "_norm_weight"), self.epsilon) for y, n in ((b, "B"), (c, "C"), (dt, "dt")))
        dt = np.log1p(np.exp(dt @ w("dt_proj.weight").T + w("dt_bias")))
        x, rate = x.reshape(gate.shape), -np.exp(w("A_log"))
        state, out = np.zeros((self.state_heads, self.size, self.state)), np.zeros_like(x)
        for t in range(len(x)):
            state = np.exp(dt[t] * rate)[:, None, None] * state + (dt[t][:, None] * x[t])[:, :, None] * b[t]
            out[t] = state @ c[t] + w("D")[:, None] * x[t]
        return (out * silu(gate)).reshape(len(x), -1) @ w("out_proj.weight").T

    def forward(self, ids):
        x = self.w("model.embed_tokens.weight")[ids]
        for i in range(self.layers):
            b = f"model.layers.layers.{i}."
            normed = lambda x, name, more: rms_norm(x, self.w(f"{b}{name}.weight") + more, self.epsilon)
            h = normed(x, "pre_mixer_norm", 1)
            x = x + normed((self.attention if self.attends(i) else self.mamba)(i, h), "post_mixer_norm", 1 / 5)
            gate, up = np.split(normed(x, "pre_mlp_norm", 1) @ self.w(b + "mlp.gate_up_proj.weight").T, 2, 1)
            x = x + normed((silu(gate) * up) @ self.w(b + "mlp.down_proj.weight").T, "post_mlp_norm", 1 / 5**1.5)
        return rms_norm(x, self.w("model.norm.weight") + 1, self.epsilon) @ self.w("model.embed_tokens.weight" if self.tied else "lm_head.weight").T

    def config(self):
        return {
            **{"architectures": ["Plamo2ForCausalLM"], "model_type": "plamo2", "hidden_size": self.width, "num_hidden_layers": self.layers},
            **{"num_attention_heads": self.heads, "num_key_value_heads": self.kv_heads, "hidden_size_per_head": self.size},
            **{"attention_window_size": self.window, "full_attention_idx": self.full, "max_position_embeddings": 4096, "rms_norm_eps": self.epsilon},
            **{"mamba_d_state": self.state, "mamba_d_conv": self.kernel, "mamba_num_heads": self.state_heads, "mamba_step": self.step},
            **{"mamba_enabled": True, "intermediate_size": self.inner, "vocab_size": TABLE, "tie_word_embeddings": self.tied},
            **{"bos_token_id": 1, "eos_token_id": 2},
        }

    def to_gguf(self, out):
        out.add_vocab_size(TABLE)
        out.add_head_count_kv([self.kv_heads if self.attends(i) else 0 for i in range(self.layers)])
        out.add_head_count([self.heads if self.attends(i) else 0 for i in range(self.layers)])
        out.add_context_length(4096)
        out.add_embedding_length(self.width)
        out.add_key_length(self.size)
        out.add_value_length(self.size)
        out.add_block_count(self.layers)
        out.add_layer_norm_rms_eps(self.epsilon)
        out.add_rope_freq_base(10000)
        out.add_ssm_state_size(self.state)
        out.add_ssm_conv_kernel(self.kernel)
        out.add_ssm_time_step_rank(self.state_heads)
        out.add_ssm_inner_size(self.columns)
        out.add_ssm_group_count(0)
        out.add_feed_forward_length(self.inner)
        if self.window < COUNT:  # as files made here say it; llama.cpp has no key for it
            out.add_sliding_window(self.window)
            out.add_sliding_window_pattern([i not in self.full for i in range(self.layers)])
        rows = plamo_tokens()
        out.add_tokenizer_model("plamo2")
        out.add_tokenizer_pre("default")
        out.add_token_list([r[0] for r in rows])
        out.add_token_scores([float(r[1]) for r in rows])
        out.add_token_types([{"NORMAL": 1, "UNKNOWN": 2, "CONTROL": 3, "BYTE": 6}[r[2]] for r in rows])
        out.add_bos_token_id(1)
        out.add_eos_token_id(2)
        out.add_unk_token_id(0)
        out.add_add_space_prefix(False)
        t, put = self.tensors, self.write_gguf
        put("token_embd.weight", t["model.embed_tokens.weight"], True)
        put("output_norm.weight", t["model.norm.weight"] + np.float32(1))
        if not self.tied:
            put("output.weight", t["lm_head.weight"], True)
        for i in range(self.layers):
            m, f, b = f"model.layers.layers.{i}.mixer.", f"model.layers.layers.{i}.", f"blk.{i}."
            put(b + "attn_norm.weight", t[f + "pre_mixer_norm.weight"] + np.float32(1))
            put(b + "post_attention_norm", t[f + "post_mixer_norm.weight"] + np.float32(1 / 5))
            put(b + "ffn_norm.weight", t[f + "pre_mlp_norm.weight"] + np.float32(1))
            put(b + "post_ffw_norm", t[f + "post_mlp_norm.weight"] + np.float32(1 / 5**1.5))
            put(b + "ffn_up.weight", t[f + "mlp.gate_up_proj.weight"], True)
            put(b + "ffn_down.weight", t[f + "mlp.down_proj.weight"], True)
            if self.attends(i):
                put(b + "attn_qkv.weight", t[m + "qkv_proj.weight"], True)
                put(b + "attn_output.weight", t[m + "o_proj.weight"], True)
                put(b + "attn_q_norm.weight", t[m + "q_weight"])
                put(b + "attn_k_norm.weight", t[m + "k_weight"])
            else:
                put(b + "ssm_in.weight", t[m + "in_proj.weight"], True)
                put(b + "ssm_conv1d.weight", t[m + "conv1d.weight"][:, 0])
                put(b + "ssm_x.weight", t[m + "bcdt_proj.weight"], True)
                put(b + "ssm_dt.weight", t[m + "dt_proj.weight"], True)
                put(b + "ssm_dt.bias", t[m + "dt_bias"])
                put(b + "ssm_a", -np.exp(t[m + "A_log"].astype(np.float64)))
                put(b + "ssm_d", t[m + "D"])
                put(b + "ssm_dt_norm", t[m + "dt_norm_weight"])
                put(b + "ssm_b_norm", t[m + "B_norm_weight"])
                put(b + "ssm_c_norm", t[m + "C_norm_weight"])
                put(b + "ssm_out.weight", t[m + "out_proj.weight"], True)

    def write_tokenizer(self, to):
        (to / "tokenizer.jsonl").write_text("".join(json.dumps(row) + "\n" for row in plamo_tokens()))
        names = {n + "_token": f"<|plamo:{n}|>" for n in ("bos", "eos", "unk")}
        (to / "tokenizer_config.json").write_text(json.dumps(names) + "\n")


def plamo_tokens():
    """Rows of tokenizer.jsonl: a token, its score, its kind."""
    rows = [["<|plamo:unk|>", 0, "UNKNOWN"], ["<|plamo:bos|>", 0, "CONTROL"], ["<|plamo:eos|>", 0, "CONTROL"], ["<|plamo:pad|>", 0, "CONTROL"]]
    rows += [[f"<0x{b:02X}>", 0, "BYTE"] for b in range(BYTES)]
    return rows + [[c, -i - 1.0, "NORMAL"] for i, c in enumerate("abcdefghijklmnopqrstuvwxyz0123456789ABCDEFGH"[: TABLE - BYTES - 4])]
