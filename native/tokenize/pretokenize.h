// Pre-tokenizers: how the text of a byte-level vocabulary is cut into words before merging, by `tokenizer.ggml.pre`.
#pragma once
#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace lt::tokenize {

// One step of cutting: where the match that begins at `at` ends, or `at` when none begins there.
using Match = size_t (*)(std::string_view text, size_t at);

struct Pretokenizer {
  std::string_view pre;
  std::span<const Match> steps;  // each cuts what the one before left: matches, and what lies between them
  bool whole_words;              // a word that is a token is not cut into merges, whatever the merges say
  bool add_bos;                  // where the file does not say
};

// nullptr: unknown. An empty name is taken as gpt-2, the first tokenizer of this kind: files without the name are of its time.
const Pretokenizer* find_pretokenizer(std::string_view pre);
std::string known_pretokenizers();

std::vector<std::string_view> cut(std::string_view text, std::span<const Match> steps);

// The regular expressions, one file each.
size_t match_gpt2(std::string_view text, size_t at);
size_t match_llama3(std::string_view text, size_t at);
size_t match_qwen2(std::string_view text, size_t at);
size_t match_digit(std::string_view text, size_t at);
size_t match_newline(std::string_view text, size_t at);
size_t match_spaced_letters(std::string_view text, size_t at);
size_t match_spaced_punctuation(std::string_view text, size_t at);
size_t match_cjk(std::string_view text, size_t at);
size_t match_lines(std::string_view text, size_t at);

}  // namespace lt::tokenize
