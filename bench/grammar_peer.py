"""Compile and mask times of llguidance, microseconds: grammar_peer.py MODEL.gguf CASES. Needs: pip install llguidance gguf numpy."""

import json
import sys
import time

import llguidance
from gguf import GGUFReader
from llguidance.numpy import allocate_token_bitmask, fill_next_token_bitmask

NORMAL, USER_DEFINED, BYTE = 1, 4, 6


class Vocabulary:
    """A GGUF file's tokens as llguidance wants them."""

    def __init__(self, path):
        fields = GGUFReader(path).fields
        names = fields["tokenizer.ggml.tokens"].contents()
        types = fields["tokenizer.ggml.token_type"].contents()
        byte_level = fields["tokenizer.ggml.model"].contents() == "gpt2"
        # Bytes that are printable in Latin-1 stand for themselves, the others for letters from 256 on, in order.
        shown = [b for b in range(256) if 33 <= b <= 126 or 161 <= b <= 172 or b >= 174]
        hidden = [b for b in range(256) if b not in shown]
        letters = {chr(b): b for b in shown} | {chr(256 + i): b for i, b in enumerate(hidden)}
        self.tokens = []
        self.special_token_ids = []
        for token, (name, kind) in enumerate(zip(names, types)):
            if kind == BYTE:
                self.tokens.append(bytes([int(name[3:5], 16)]))
            elif kind == NORMAL and byte_level:
                self.tokens.append(bytes(letters[c] for c in name))
            elif kind == NORMAL:
                self.tokens.append(name.replace("\u2581", " ").encode())
            else:
                self.tokens.append(name.encode())
                if kind != USER_DEFINED:
                    self.special_token_ids.append(token)
        self.eos_token_id = int(fields["tokenizer.ggml.eos_token_id"].contents())
        self.bos_token_id = None
        self.ids = {}
        special = set(self.special_token_ids)
        for token, text in enumerate(self.tokens):
            if token not in special:
                self.ids.setdefault(text, token)

    def __call__(self, text):
        """Longest match: asked for a literal's own tokens alone, which are not forced here."""
        rest, found = text if isinstance(text, bytes) else text.encode(), []
        while rest:
            n = next((n for n in range(min(32, len(rest)), 0, -1) if rest[:n] in self.ids), None)
            if n is not None:
                found.append(self.ids[rest[:n]])
            rest = rest[n or 1 :]
        return found


def main(path, cases):
    vocabulary = Vocabulary(path)
    size = len(vocabulary.tokens)
    tokenizer = llguidance.LLTokenizer(
        llguidance.TokenizerWrapper(vocabulary), n_vocab=size, slices=llguidance.LLTokenizer.json_slices()
    )
    mask = allocate_token_bitmask(1, size)
    compiled, masks = [], []
    for line in open(cases, encoding="utf8"):
        case = json.loads(line)
        began = time.perf_counter_ns()
        try:
            # Any way to cut a text into tokens is allowed, as it is by llama-ts.
            grammar = llguidance.LLMatcher.grammar_from_lark('%llguidance {"no_forcing": true}\nstart: %json ' + case["schema"])
            matcher = llguidance.LLMatcher(tokenizer, grammar)
            failed = matcher.is_error()
        except Exception:
            failed = True
        if failed:
            continue
        compiled.append((time.perf_counter_ns() - began) / 1000)
        for ids in case["walks"]:
            walk = matcher.deep_copy()
            for token in [*ids, None]:
                began = time.perf_counter_ns()
                fill_next_token_bitmask(walk, mask, 0)
                masks.append((time.perf_counter_ns() - began) / 1000)
                if token is None or not walk.consume_token(token):
                    break
    json.dump({"compile": compiled, "masks": masks}, sys.stdout)


main(*sys.argv[1:])
