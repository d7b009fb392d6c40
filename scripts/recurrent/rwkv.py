"""What RWKV 6 and 7 have in common."""

from model import BYTES, TABLE

def describe_rwkv(model, out):
    out.add_context_length(1048576)
    out.add_embedding_length(model.width)
    out.add_block_count(model.layers)
    out.add_layer_norm_eps(model.epsilon)
    out.add_wkv_head_size(model.size)
    out.add_feed_forward_length(model.inner)
    out.add_head_count(0)
    tokens = ["<s>"] + [repr(bytes([b]))[2:-1] for b in range(BYTES)]
    tokens += [f"[PAD{i}]" for i in range(len(tokens), TABLE)]
    out.add_tokenizer_model("rwkv")
    out.add_token_list(tokens)
    out.add_token_types([3] + [1] * BYTES + [5] * (TABLE - BYTES - 1))
    for add in (out.add_bos_token_id, out.add_eos_token_id, out.add_unk_token_id, out.add_pad_token_id):
        add(0)


def write_vocabulary(to):
    """A token a byte, as https://github.com/BlinkDL/RWKV-LM spells its vocabulary: number, Python literal, length."""
    spelt = lambda b: repr(chr(b)) if b < 128 else repr(bytes([b]))
    (to / "rwkv_vocab_v20230424.txt").write_text("".join(f"{b + 1} {spelt(b)} 1\n" for b in range(BYTES)))
