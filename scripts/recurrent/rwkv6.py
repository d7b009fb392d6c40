"""RWKV 6, token by token, from https://arxiv.org/abs/2404.05892 and https://huggingface.co/RWKV/v6-Finch-1B6-HF."""

import numpy as np
from model import GROUP_EPSILON, TABLE, Model, before, bf16, layer_norm, sigmoid, silu, squared
from rwkv import describe_rwkv, write_vocabulary


class Rwkv6(Model):
    architecture = "rwkv6"

    def fill(self):
        self.add("rwkv.embeddings.weight", (TABLE, self.width), 1)
        self.norm("rwkv.blocks.0.pre_ln")
        for i in range(self.layers):
            b, a = f"rwkv.blocks.{i}.", f"rwkv.blocks.{i}.attention."
            self.norm(b + "ln1"), self.norm(b + "ln2"), self.norm(a + "ln_x")
            for n in "xwkvrg":
                self.tensors[f"{a}time_maa_{n}"] = bf16(self.random.uniform(0, 1, (1, 1, self.width)))
            self.add(a + "time_maa_w1", (self.width, 5 * self.mixing), 0.2)
            self.add(a + "time_maa_w2", (5, self.mixing, self.width), 0.1)
            self.add(a + "time_decay", (1, 1, self.width), 1.5, -2)
            self.add(a + "time_decay_w1", (self.width, self.decaying), 0.2)
            self.add(a + "time_decay_w2", (self.decaying, self.width), 0.2)
            self.add(a + "time_faaaa", (self.width // self.size, self.size))
            for n in ("receptance", "key", "value", "gate", "output"):
                self.add(f"{a}{n}.weight", (self.width, self.width))
            for n in "kr":
                self.tensors[f"{b}feed_forward.time_maa_{n}"] = bf16(self.random.uniform(0, 1, (1, 1, self.width)))
            self.add(b + "feed_forward.key.weight", (self.inner, self.width))
            self.add(b + "feed_forward.receptance.weight", (self.width, self.width))
            self.add(b + "feed_forward.value.weight", (self.width, self.inner))
        self.norm("rwkv.ln_out")
        self.add("head.weight", (TABLE, self.width))

    def halvings(self, i):
        return 2.0 ** (i // self.rescale) if self.rescale else 1

    def time_mix(self, i, x):
        w = lambda name: self.w(f"rwkv.blocks.{i}.attention.{name}")
        maa = lambda name: w("time_maa_" + name).reshape(-1)
        shift = before(x) - x
        low = np.tanh((x + shift * maa("x")) @ w("time_maa_w1")).reshape(len(x), 5, self.mixing)
        mixed = {n: x + shift * (maa(n) + low[:, j] @ w("time_maa_w2")[j]) for j, n in enumerate("wkvrg")}
        heads = lambda v: v.reshape(len(x), -1, self.size)
        r, k, v = (heads(mixed[n[0]] @ w(n + ".weight").T) for n in ("receptance", "key", "value"))
        gate = silu(mixed["g"] @ w("gate.weight").T)
        decay = w("time_decay").reshape(-1) + np.tanh(mixed["w"] @ w("time_decay_w1")) @ w("time_decay_w2")
        kept, bonus = heads(np.exp(-np.exp(decay))), w("time_faaaa")
        state, out = np.zeros((r.shape[1], self.size, self.size)), np.zeros_like(r)
        for t in range(len(x)):
            taken = k[t][:, :, None] * v[t][:, None, :]
            out[t] = np.einsum("hk,hkv->hv", r[t], state + bonus[:, :, None] * taken)
            state = kept[t][:, :, None] * state + taken
        one = lambda name: w("ln_x." + name).reshape(-1, self.size)
        out = layer_norm(out, one("weight"), one("bias"), GROUP_EPSILON).reshape(x.shape)
        return (out * gate) @ w("output.weight").T / self.halvings(i)

    def channel_mix(self, i, x):
        w = lambda name: self.w(f"rwkv.blocks.{i}.feed_forward.{name}")
        shift = before(x) - x
        k, r = (x + shift * w("time_maa_" + n).reshape(-1) for n in "kr")
        return sigmoid(r @ w("receptance.weight").T) * (squared(k @ w("key.weight").T) @ w("value.weight").T) / self.halvings(i)

    def forward(self, ids):
        normed = lambda x, name: layer_norm(x, self.w(name + ".weight"), self.w(name + ".bias"), self.epsilon)
        x = normed(self.w("rwkv.embeddings.weight")[ids], "rwkv.blocks.0.pre_ln")
        for i in range(self.layers):
            x = x + self.time_mix(i, normed(x, f"rwkv.blocks.{i}.ln1"))
            x = x + self.channel_mix(i, normed(x, f"rwkv.blocks.{i}.ln2"))
            if self.rescale and (i + 1) % self.rescale == 0:
                x = x / 2
        return normed(x, "rwkv.ln_out") @ self.w("head.weight").T

    def config(self):
        return {
            **{"architectures": ["Rwkv6ForCausalLM"], "model_type": "rwkv6", "hidden_size": self.width, "attention_hidden_size": self.width},
            **{"num_hidden_layers": self.layers, "intermediate_size": self.inner, "head_size": self.size, "head_size_divisor": 8},
            **{"vocab_size": TABLE, "layer_norm_epsilon": self.epsilon, "rescale_every": self.rescale, "tie_word_embeddings": False},
            **{"bos_token_id": 0, "eos_token_id": 0},
        }

    def to_gguf(self, out):
        describe_rwkv(self, out)
        out.add_rescale_every_n_layers(self.rescale)
        out.add_time_mix_extra_dim(self.mixing)
        out.add_time_decay_extra_dim(self.decaying)
        t, put = self.tensors, self.write_gguf
        put("token_embd.weight", t["rwkv.embeddings.weight"], True)
        put("output.weight", t["head.weight"], True)
        for end in ("weight", "bias"):
            put(f"token_embd_norm.{end}", t[f"rwkv.blocks.0.pre_ln.{end}"])
            put(f"output_norm.{end}", t[f"rwkv.ln_out.{end}"])
        for i in range(self.layers):
            a, f, b = f"rwkv.blocks.{i}.attention.", f"rwkv.blocks.{i}.feed_forward.", f"blk.{i}."
            for end in ("weight", "bias"):
                put(f"{b}attn_norm.{end}", t[f"rwkv.blocks.{i}.ln1.{end}"])
                put(f"{b}attn_norm_2.{end}", t[f"rwkv.blocks.{i}.ln2.{end}"])
                put(f"{b}time_mix_ln.{end}", t[f"{a}ln_x.{end}"])
            put(b + "time_mix_w1.weight", t[a + "time_maa_w1"].T)
            put(b + "time_mix_w2.weight", t[a + "time_maa_w2"].transpose(0, 2, 1))
            put(b + "time_mix_lerp_x.weight", t[a + "time_maa_x"].reshape(-1))
            mixes = {n: t[f"{a}time_maa_{n}"].reshape(-1) for n in "wkvrg"}
            if self.fused:
                put(b + "time_mix_lerp_fused.weight", np.stack(list(mixes.values())).reshape(5, 1, 1, -1))
            else:  # as older files have them
                for n, mix in mixes.items():
                    put(f"{b}time_mix_lerp_{n}.weight", mix)
            put(b + "time_mix_first.weight", t[a + "time_faaaa"])
            put(b + "time_mix_decay.weight", t[a + "time_decay"].reshape(-1))
            put(b + "time_mix_decay_w1.weight", t[a + "time_decay_w1"].T)
            put(b + "time_mix_decay_w2.weight", t[a + "time_decay_w2"].T)
            for n in ("receptance", "key", "value", "gate"):
                put(f"{b}time_mix_{n}.weight", t[f"{a}{n}.weight"], True)
            put(b + "time_mix_output.weight", t[a + "output.weight"] / self.halvings(i), True)
            for n in "kr":
                put(f"{b}channel_mix_lerp_{n}.weight", t[f"{f}time_maa_{n}"].reshape(-1))
            for n in ("key", "receptance"):
                put(f"{b}channel_mix_{n}.weight", t[f"{f}{n}.weight"], True)
            put(b + "channel_mix_value.weight", t[f + "value.weight"] / self.halvings(i), True)

    def write_tokenizer(self, to):
        write_vocabulary(to)
