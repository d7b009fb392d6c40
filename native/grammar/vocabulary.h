// A tokenizer's tokens as grammars see them: their bytes, and which end a text.
#pragma once
#include <algorithm>
#include <cstdint>
#include <optional>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "grammar/token_bytes.h"
#include "tokenize/tokenizer.h"

namespace lt::grammar {

// The tokenizer must outlive it.
class Vocabulary {
 public:
  explicit Vocabulary(const tokenize::Tokenizer& tokenizer);

  int32_t size() const { return static_cast<int32_t>(bytes_.size()); }
  // None of control tokens and of those without a name.
  std::string_view bytes(int32_t id) const { return bytes_[static_cast<size_t>(id)]; }
  const std::vector<int32_t>& ends() const { return ends_; }  // tokens that end a text, in order
  bool is_end(int32_t id) const { return std::binary_search(ends_.begin(), ends_.end(), id); }
  // The one token that a text is, control or not, if it is one.
  std::optional<int32_t> named(std::string_view text) const;
  // A text as it is cut by the control tokens and the ends that are written in it, the longest where several begin. id: -1 for text.
  struct Spelt {
    std::string_view text;
    int32_t id = -1;
  };
  std::vector<Spelt> spelt(std::string_view text) const;
  const TokenBytes& tree() const { return tree_; }

 private:
  const tokenize::Tokenizer& tokenizer_;
  std::vector<std::string_view> bytes_;
  std::vector<int32_t> ends_;
  std::unordered_map<std::string_view, int32_t> controls_;  // and ends, as they are spelt
  size_t longest_control_ = 0;
  TokenBytes tree_;
};

}  // namespace lt::grammar
