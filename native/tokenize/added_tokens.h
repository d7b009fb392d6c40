// Tokens that are found in a text as they are spelt, by the rules of the library "tokenizers": from left to right, of those that begin
// at one place the longest; those of the raw text before those of the normalized text between them.
#pragma once
#include <array>
#include <string>
#include <string_view>
#include <vector>

#include "tokenize/normalizer.h"
#include "tokenize/vocabulary.h"

namespace lt::tokenize {

class AddedTokens {
 public:
  // Throws Code::unsupported for one of which normalizing leaves nothing.
  AddedTokens(const Vocabulary& vocabulary, const Normalizer& normalizer);

  // each(text, id): the found ones by their id, what lies between them with -1. marks: control tokens are found; else they are text.
  template <class Each>
  void raw(std::string_view text, bool marks, const Each& each) const {
    split(raw_, text, marks, each);
  }
  template <class Each>
  void normalized(std::string_view text, bool marks, const Each& each) const {
    split(normalized_, text, marks, each);
  }

 private:
  struct Spelt {
    std::string text;  // normalized where it is found in normalized text
    const AddedToken* token;
    size_t turn;  // of equal texts the first that was listed counts
  };
  struct List {
    std::vector<Spelt> sorted;
    std::array<bool, 256> first{};  // bytes that one begins with

    void sort();
    const Spelt* longest_at(std::string_view text, size_t at) const;
  };
  struct Found {
    size_t begin, end;
    int32_t id;
  };

  bool is_taken(std::string_view text, size_t begin, size_t end, const AddedToken& token, bool marks) const;
  std::vector<Found> find(const List& list, std::string_view text, bool marks) const;

  template <class Each>
  void split(const List& list, std::string_view text, bool marks, const Each& each) const {
    size_t at = 0;
    if (!list.sorted.empty()) {
      for (const Found& f : find(list, text, marks)) {
        if (at < f.begin) each(text.substr(at, f.begin - at), -1);
        each(text.substr(f.begin, f.end - f.begin), f.id);
        at = f.end;
      }
    }
    if (at < text.size()) each(text.substr(at), -1);
  }

  const Vocabulary& vocabulary_;
  List raw_, normalized_;
};

}  // namespace lt::tokenize
