// Split patterns, compiled to tables before any text is read: what a pattern matches is found in one pass over it, without going back.
//
// A state of the table is a list of places in the pattern, the most wanted first, as a matcher that goes back would try them (Cox,
// "Regular Expression Matching: the Virtual Machine Approach", 2009). What may not be taken without a look at the next character is decided
// when that is read; what looks further is asked beforehand, and is one more symbol of the alphabet.
#pragma once
#include <array>
#include <cstdint>
#include <memory>
#include <string_view>
#include <utility>
#include <vector>

#include "tokenize/char_set.h"
#include "tokenize/pattern_syntax.h"
#include "tokenize/unicode.h"

namespace lt::tokenize {

class Pattern {
 public:
  // Throws Code::unsupported: parse_pattern's, and for one whose tables would have more than 2^22 entries.
  explicit Pattern(std::string_view pattern) : Pattern(parse_pattern(pattern), pattern) {}

 private:
  friend class Scan;
  class Builder;

  Pattern(const Node& tree, std::string_view pattern);

  // Characters that no set of the pattern tells apart are one class; the text's end is one more.
  uint32_t class_of(char32_t code) const { return classes_[static_cast<size_t>(pages_[code >> 8]) << 8 | (code & 255)]; }

  static constexpr uint32_t kDead = 0;

  std::array<uint8_t, 128> ascii_{};
  std::vector<uint16_t> pages_;  // of 256 code points each, in classes_
  std::vector<uint8_t> classes_;
  uint32_t class_count_ = 0;      // without the end
  uint32_t symbols_ = 0;          // a row of next_
  std::vector<uint32_t> next_;    // state, symbol -> next state << 1 | the pattern has matched before the symbol
  std::vector<uint8_t> asks_;     // state -> a bit of each of looks_ that has to be known there
  std::vector<uint32_t> starts_;  // what stands before -> state
  std::vector<uint8_t> before_;   // class (class_count_: nothing) -> what of it matters to what comes after
  bool looks_back_ = false;
  std::vector<std::unique_ptr<const Pattern>> looks_;
};

// One text being matched. Keeps what a long look in vain has shown, so that no part of the text is gone through again and again.
class Scan {
 public:
  Scan(const Pattern& pattern, std::string_view text) : pattern_(pattern), text_(text) {}

  static constexpr size_t kNone = SIZE_MAX;
  // Where the match that begins at `at` ends, with nothing before `begin` or behind `end` in sight; kNone: none begins there.
  size_t match(size_t begin, size_t end, size_t at);

 private:
  struct Symbol {
    uint32_t number;
    size_t next;
  };
  // A bit a place of the text, a list a state; made when there is something to note.
  class Notes {
   public:
    bool has(uint32_t state, size_t at) const {
      return state < of_.size() && !of_[state].empty() && (of_[state][at >> 6] >> (at & 63) & 1);
    }
    void put(uint32_t state, size_t at, size_t size) {
      if (state >= of_.size()) of_.resize(state + 1);
      if (of_[state].empty()) of_[state].resize(size / 64 + 1);
      of_[state][at >> 6] |= uint64_t{1} << (at & 63);
    }
    bool empty() const { return of_.empty(); }

   private:
    std::vector<std::vector<uint64_t>> of_;
  };

  Symbol read(size_t end, size_t at) const;
  uint32_t start(size_t begin, size_t at) const;
  uint32_t step(uint32_t state, const Symbol& symbol, size_t begin, size_t end, size_t at);
  uint32_t answers(uint32_t asked, size_t begin, size_t end, size_t at);
  bool matches(size_t begin, size_t end, size_t at);  // anything at all
  void note_vain(uint32_t state, size_t begin, size_t end, size_t from, size_t to);

  const Pattern& pattern_;
  std::string_view text_;
  Notes vain_, good_;  // from here on nothing more matches; something does
  std::vector<std::pair<uint32_t, size_t>> path_;
  std::vector<std::unique_ptr<Scan>> looks_;
};

}  // namespace lt::tokenize
