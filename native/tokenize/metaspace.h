// The pre-tokenizer "Metaspace": spaces become U+2581, one is put before a text, and words begin with it.
#pragma once
#include <optional>
#include <string>
#include <string_view>

#include "gguf/file.h"

namespace lt::tokenize {

class Metaspace {
 public:
  // tokenizer.huggingface.metaspace: always, first or never. Null where the file does not have it. Throws Code::format.
  static std::optional<Metaspace> of(const gguf::File& file);
  // prefix: always, first or never. Throws Code::format.
  Metaspace(std::string_view prefix, bool split);

  // first: nothing stands before `text`.
  std::string spelt(std::string_view text, bool first) const;
  // Where the word that begins at `at` ends: words are not merged with each other.
  size_t word_end(std::string_view spelt, size_t at) const;

 private:
  enum class Prefix { always, first, never };
  Prefix prefix_ = Prefix::always;
  bool split_ = true;
};

}  // namespace lt::tokenize
