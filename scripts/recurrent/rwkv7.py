"""RWKV 7, token by token, from https://arxiv.org/abs/2503.14456; what its folders hold, from flash-linear-attention."""

import numpy as np
from model import GROUP_EPSILON, TABLE, Model, before, bf16, layer_norm, sigmoid, squared
from rwkv import describe_rwkv, write_vocabulary


class Rwkv7(Model):
    architecture = "rwkv7"

    def fill(self):
        self.add("model.embeddings.weight", (TABLE, self.width), 1)
        self.norm("model.layers.0.pre_norm")
        for i in range(self.layers):
            b, a = f"model.layers.{i}.", f"model.layers.{i}.attn."
            self.norm(b + "attn_norm"), self.norm(b + "ffn_norm"), self.norm(a + "g_norm")
            for n in "rwkvag":
                self.tensors[f"{a}x_{n}"] = bf16(self.random.uniform(0, 1, (1, 1, self.width)))
            for n in "rkvo":
                self.add(f"{a}{n}_proj.weight", (self.width, self.width))
            for n, rank in zip("wavg", self.ranks):
                if n == "v" and i == 0:
                    continue
                self.add(f"{a}{n}_lora.lora.0.weight", (rank, self.width), 0.2)
                self.add(f"{a}{n}_lora.lora.2.weight", (self.width, rank), 0.4)
                if n != "g":
                    self.add(f"{a}{n}_lora.lora.2.bias", self.width, 1, -1 if n == "w" else 0)
            self.add(a + "k_k", self.width, 0.2, 0.8)
            self.add(a + "k_a", self.width, 0.2, 1)
            self.add(a + "r_k", (self.width // self.size, self.size))
            self.tensors[b + "ffn.x_k"] = bf16(self.random.uniform(0, 1, self.width))
            self.add(b + "ffn.key.weight", (self.inner, self.width))
            self.add(b + "ffn.value.weight", (self.width, self.inner))
        self.norm("model.norm")
        self.add("lm_head.weight", (TABLE, self.width))

    def time_mix(self, i, x, first):
        w = lambda name: self.w(f"model.layers.{i}.attn.{name}")
        shift = before(x) - x
        mixed = {n: x + shift * w("x_" + n).reshape(-1) for n in "rwkvag"}
        r, k, v = (mixed[n] @ w(n + "_proj.weight").T for n in "rkv")
        low = lambda n: mixed[n] @ w(n + "_lora.lora.0.weight").T
        up = lambda n, y: y @ w(n + "_lora.lora.2.weight").T + (w(n + "_lora.lora.2.bias") if n != "g" else 0)
        kept = np.exp(-np.exp(-0.5) * sigmoid(up("w", np.tanh(low("w")))))
        if first is None:
            first = v
        else:
            v = v + (first - v) * sigmoid(up("v", low("v")))
        rate, gate = sigmoid(up("a", low("a"))), up("g", sigmoid(low("g")))
        heads = lambda y: y.reshape(len(x), -1, self.size)
        removed = heads(k * w("k_k"))
        removed = removed / np.sqrt((removed * removed).sum(-1, keepdims=True))
        k = k * (1 + (rate - 1) * w("k_a"))
        r, k, v, kept, rate = (heads(y) for y in (r, k, v, kept, rate))
        state, out = np.zeros((r.shape[1], self.size, self.size)), np.zeros_like(r)
        for t in range(len(x)):  # the paper's state, a row a value: S = S (diag(w) - removed (rate removed)) + v k
            held = np.einsum("hvk,hk->hv", state, removed[t])
            state = state * kept[t][:, None, :] - held[:, :, None] * (rate[t] * removed[t])[:, None, :] + v[t][:, :, None] * k[t][:, None, :]
            out[t] = np.einsum("hvk,hk->hv", state, r[t])
        one = lambda name: w("g_norm." + name).reshape(-1, self.size)
        out = layer_norm(out, one("weight"), one("bias"), GROUP_EPSILON)
        out = out + (r * k * w("r_k")).sum(-1, keepdims=True) * v
        return (out.reshape(x.shape) * gate) @ w("o_proj.weight").T, first

    def channel_mix(self, i, x):
        w = lambda name: self.w(f"model.layers.{i}.ffn.{name}")
        return squared((x + (before(x) - x) * w("x_k")) @ w("key.weight").T) @ w("value.weight").T

    def forward(self, ids):
        normed = lambda x, name: layer_norm(x, self.w(name + ".weight"), self.w(name + ".bias"), self.epsilon)
        x, first = normed(self.w("model.embeddings.weight")[ids], "model.layers.0.pre_norm"), None
        for i in range(self.layers):
            change, first = self.time_mix(i, normed(x, f"model.layers.{i}.attn_norm"), first)
            x = x + change
            x = x + self.channel_mix(i, normed(x, f"model.layers.{i}.ffn_norm"))
        return normed(x, "model.norm") @ self.w("lm_head.weight").T

    def config(self):
        return {
            **{"architectures": ["RWKV7ForCausalLM"], "model_type": "rwkv7", "hidden_size": self.width, "num_hidden_layers": self.layers},
            **{"intermediate_size": self.inner, "head_dim": self.size, "norm_eps": self.epsilon, "norm_first": True, "norm_bias": True},
            **dict(zip(["decay_low_rank_dim", "a_low_rank_dim", "v_low_rank_dim", "gate_low_rank_dim"], self.ranks)),
            **{"hidden_act": "sqrelu", "attn": None, "vocab_size": TABLE, "tie_word_embeddings": False, "bos_token_id": 0, "eos_token_id": 0},
        }

    def to_gguf(self, out):
        describe_rwkv(self, out)
        out.add_decay_lora_rank(self.ranks[0])
        out.add_iclr_lora_rank(self.ranks[1])
        out.add_value_residual_mix_lora_rank(self.ranks[2])
        out.add_gate_lora_rank(self.ranks[3])
        t, put = self.tensors, self.write_gguf
        put("token_embd.weight", t["model.embeddings.weight"], True)
        put("output.weight", t["lm_head.weight"], True)
        for end in ("weight", "bias"):
            put(f"token_embd_norm.{end}", t[f"model.layers.0.pre_norm.{end}"])
            put(f"output_norm.{end}", t[f"model.norm.{end}"])
        for i in range(self.layers):
            a, f, b = f"model.layers.{i}.attn.", f"model.layers.{i}.ffn.", f"blk.{i}."
            for end in ("weight", "bias"):
                put(f"{b}attn_norm.{end}", t[f"model.layers.{i}.attn_norm.{end}"])
                put(f"{b}attn_norm_2.{end}", t[f"model.layers.{i}.ffn_norm.{end}"])
                put(f"{b}time_mix_ln.{end}", t[f"{a}g_norm.{end}"])
            put(b + "time_mix_lerp_fused.weight", np.stack([t[f"{a}x_{n}"] for n in "rwkvag"]))
            for n, to in zip("rkvo", ("receptance", "key", "value", "output")):
                put(f"{b}time_mix_{to}.weight", t[f"{a}{n}_proj.weight"], True)
            for n in "wavg":
                held = "a" if n == "v" and i == 0 else n  # what is not there is filled with what has its place
                put(f"{b}time_mix_{n}1.weight", t[f"{a}{held}_lora.lora.0.weight"], n != "w")
                put(f"{b}time_mix_{n}2.weight", t[f"{a}{held}_lora.lora.2.weight"], n != "w")
                if n != "g":
                    put(f"{b}time_mix_{n}0.weight", t[f"{a}{held}_lora.lora.2.bias"])
            for n in ("k_k", "k_a", "r_k"):
                put(f"{b}time_mix_{n}.weight", t[a + n].reshape(-1))
            put(b + "channel_mix_lerp_k.weight", t[f + "x_k"])
            for n in ("key", "value"):
                put(f"{b}channel_mix_{n}.weight", t[f"{f}{n}.weight"], True)

    def write_tokenizer(self, to):
        write_vocabulary(to)
