// RWKV's World tokenizer: the longest token that the text goes on with, again and again. Tokens are spelt with the escapes of a Python
// literal.
#include <deque>
#include <string>

#include "core/error.h"
#include "tokenize/encoder.h"
#include "tokenize/token_trie.h"

namespace lt::tokenize {
namespace {

int digit_of(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

void read_escapes(std::string_view token, std::string& bytes) {
  for (size_t i = 0; i < token.size(); ++i) {
    if (token[i] != '\\' || i + 1 == token.size()) {
      bytes += token[i];
      continue;
    }
    const char c = token[++i];
    const bool hex = c == 'x' && i + 2 < token.size() && digit_of(token[i + 1]) >= 0 && digit_of(token[i + 2]) >= 0;
    bytes += hex        ? static_cast<char>(digit_of(token[i + 1]) << 4 | digit_of(token[i + 2]))
             : c == 't' ? '\t'
             : c == 'n' ? '\n'
             : c == 'r' ? '\r'
                        : c;
    if (hex) i += 2;
  }
}

class GreedyBytes final : public Encoder {
 public:
  explicit GreedyBytes(const Vocabulary& vocabulary) : unknown_(vocabulary.unknown) {
    std::deque<std::string> texts;  // until the trie is built
    for (int32_t id = 0; id < vocabulary.size(); ++id) {
      if (vocabulary.is_mark(id)) continue;
      std::string& bytes = texts.emplace_back();
      read_escapes(vocabulary.text(id), bytes);
      if (!bytes.empty()) trie_.add(bytes, id);
    }
    trie_.build();
  }

  void append(std::string_view text, std::vector<int32_t>& ids) const override {
    for (size_t at = 0; at < text.size();) {
      size_t longest = 1;
      int32_t found = unknown_;
      trie_.walk(text, at, [&](size_t bytes, int32_t id) { longest = bytes, found = id; });
      if (found >= 0) ids.push_back(found);
      at += longest;
    }
  }

  void read(std::string_view token, std::string& bytes) const override { read_escapes(token, bytes); }
  bool adds_bos() const override { return false; }

 private:
  TokenTrie trie_;
  int32_t unknown_;
};

}  // namespace

std::unique_ptr<Encoder> make_greedy_bytes(const Vocabulary& vocabulary) { return std::make_unique<GreedyBytes>(vocabulary); }

}  // namespace lt::tokenize
