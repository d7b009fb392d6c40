#include "tokenize/pretokenize.h"

#include "tokenize/unicode.h"

namespace lt::tokenize {

namespace {

constexpr Match kGpt2[] = {match_gpt2};
constexpr Match kLlama3[] = {match_llama3};
constexpr Match kQwen2[] = {match_qwen2};
constexpr Match kDigitsThenGpt2[] = {match_digit, match_gpt2};
constexpr Match kDeepseekCoder[] = {match_newline, match_spaced_letters, match_spaced_punctuation, match_cjk, match_digit};

constexpr Pretokenizer kAll[] = {
    {"gpt-2", kGpt2, false, false},
    {"llama-bpe", kLlama3, true, true},
    {"smaug-bpe", kLlama3, false, false},
    {"qwen2", kQwen2, false, false},
    {"smollm", kDigitsThenGpt2, false, false},
    {"starcoder", kDigitsThenGpt2, false, false},
    {"deepseek-coder", kDeepseekCoder, false, false},
};

// Other names of the same.
struct Alias {
  std::string_view name;
  std::string_view pre;
};
constexpr Alias kAliases[] = {
    {"", "gpt-2"},           {"default", "gpt-2"},       {"llama3", "llama-bpe"},    {"llama-v3", "llama-bpe"},    {"phi-2", "gpt-2"},
    {"refact", "starcoder"}, {"command-r", "starcoder"}, {"codeshell", "starcoder"}, {"deepseek-r1-qwen", "qwen2"}};

void cut_piece(std::string_view piece, Match match, std::vector<std::string_view>& words) {
  size_t begin = 0;
  for (size_t at = 0; at < piece.size();) {
    const size_t end = match(piece, at);
    if (end == at) {
      at += read_utf8(piece, at).bytes;
      continue;
    }
    if (begin < at) words.push_back(piece.substr(begin, at - begin));
    words.push_back(piece.substr(at, end - at));
    begin = at = end;
  }
  if (begin < piece.size()) words.push_back(piece.substr(begin));
}

}  // namespace

const Pretokenizer* find_pretokenizer(std::string_view pre) {
  for (const Alias& alias : kAliases)
    if (alias.name == pre) return find_pretokenizer(alias.pre);
  for (const Pretokenizer& one : kAll)
    if (one.pre == pre) return &one;
  return nullptr;
}

std::string known_pretokenizers() {
  std::string names;
  for (const Pretokenizer& one : kAll) names += (names.empty() ? "" : ", ") + std::string(one.pre);
  return names;
}

std::vector<std::string_view> cut(std::string_view text, std::span<const Match> steps) {
  std::vector<std::string_view> pieces{text};
  std::vector<std::string_view> words;
  for (const Match match : steps) {
    words.clear();
    words.reserve(pieces.size() + text.size() / 4);
    for (const std::string_view piece : pieces) cut_piece(piece, match, words);
    pieces.swap(words);
  }
  return pieces;
}

}  // namespace lt::tokenize
