// Tokens that are recognised in the text as they are spelt, before any other cutting: user-defined ones always, control and unknown
// tokens where the caller asks.
#pragma once
#include <array>
#include <cstdint>
#include <string_view>
#include <vector>

#include "tokenize/vocabulary.h"

namespace lt::tokenize {

class SpecialTokens {
 public:
  // takes_spaces: tokens that swallow the white space after them (Phi 3's).
  SpecialTokens(const Vocabulary& vocabulary, bool takes_spaces);

  struct Found {
    size_t begin;
    size_t end;  // with the white space that the token takes
    int32_t id;
  };
  // In order, without overlap. A longer one is preferred to a shorter, wherever they overlap; of equal ones the leftmost.
  std::vector<Found> find(std::string_view text, bool marks) const;

 private:
  struct Candidate;

  bool takes_spaces_after(int32_t id) const;
  // The longest that begins at `at` and ends within `limit` bytes; -1: none.
  int32_t longest_at(std::string_view text, size_t at, size_t limit, bool marks) const;
  std::vector<Candidate> candidates(std::string_view text, bool marks) const;

  const Vocabulary& vocabulary_;
  bool takes_spaces_;
  std::vector<int32_t> sorted_;    // by text
  std::array<bool, 256> first_{};  // bytes that one begins with
};

}  // namespace lt::tokenize
