// Pre-tokenizers: how the text of a vocabulary is cut into words before merging, by `tokenizer.ggml.pre`.
#pragma once
#include <cstddef>
#include <deque>
#include <initializer_list>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "tokenize/pattern.h"

namespace lt::tokenize {

struct Pretokenizer {
  // What merging begins with: letters that stand for bytes, the text's own, these with U+2581 for a space.
  enum class Spelling { bytes, characters, marked_characters };

  std::string_view names;  // with spaces between
  std::vector<std::string_view> patterns;
  bool whole_words = false;  // a word that is a token is not cut into merges, whatever the merges say
  bool add_bos = false;      // where the file does not say
  Spelling spelling = Spelling::bytes;
  bool add_sep = false;  // where the file does not say
};

std::span<const Pretokenizer> pretokenizers();
// nullptr: unknown. An empty name is "default".
const Pretokenizer* find_pretokenizer(std::string_view pre);
std::string known_pretokenizers();

// One cut of a text: by what a pattern matches.
struct Split {
  // What becomes of a match: a word of its own, dropped, joined to what comes before or behind it, or to matches beside it.
  enum class Match { isolated, removed, merged_with_previous, merged_with_next, contiguous };

  std::string_view pattern;
  Match match = Match::isolated;
  bool inverted = false;  // matches are what lies between those of the pattern
};

// As files made of folders tell them: what becomes of a match, "inverted " before it, and the pattern, in turn. Throws Code::format.
std::vector<Split> splits_of(std::span<const std::string_view> told);

class Splitter {
 public:
  explicit Splitter(std::span<const std::string_view> patterns);
  explicit Splitter(std::span<const Split> splits);

  // each(word) for every word of `text`, in order. The words are views of it.
  template <class Each>
  void words(std::string_view text, const Each& each) const {
    std::deque<Scan> scans;
    for (const Step& s : steps_) scans.emplace_back(s.pattern, text);
    cut(text, 0, text.size(), 0, scans, each);
  }

 private:
  struct Step {
    Pattern pattern;
    Split::Match match;
    bool inverted;
  };

  template <class Each>
  void cut(std::string_view text, size_t begin, size_t end, size_t step, std::deque<Scan>& scans, const Each& each) const {
    if (step == steps_.size()) return each(text.substr(begin, end - begin));
    const auto word = [&](size_t from, size_t to) {
      if (from < to) cut(text, from, to, step + 1, scans, each);
    };
    Joined<decltype(word)> pieces{word, steps_[step].match};
    const bool inverted = steps_[step].inverted;
    size_t from = begin;
    for (size_t at = begin; at < end;) {
      const size_t to = scans[step].match(begin, end, at);
      if (to == Scan::kNone || to == at) {
        if (to == at) pieces.put(from, at, inverted), from = at;  // an empty match cuts, too
        at += read_utf8(text.substr(0, end), at).bytes;
        continue;
      }
      pieces.put(from, at, inverted);
      pieces.put(at, to, !inverted);
      from = at = to;
    }
    pieces.put(from, end, inverted);
    pieces.finish();
  }

  // Matches and what lies between them, in order, as words.
  template <class Word>
  struct Joined {
    const Word& word;
    Split::Match match;
    size_t begin = 0, end = 0;  // what is held back
    bool held_match = false;

    void put(size_t from, size_t to, bool matches) {
      if (from == to) return;
      if (match == Split::Match::isolated) return word(from, to);
      if (match == Split::Match::removed) return matches ? void() : word(from, to);
      const bool joins = begin < end && ((match == Split::Match::contiguous && held_match == matches) ||
                                         (match == Split::Match::merged_with_previous && matches && !held_match) ||
                                         (match == Split::Match::merged_with_next && !matches && held_match));
      if (!joins) {
        finish();
        begin = from;
      }
      end = to;
      held_match = matches;
    }
    void finish() {
      if (begin < end) word(begin, end);
      begin = end = 0;
    }
  };

  std::vector<Step> steps_;
};

}  // namespace lt::tokenize
