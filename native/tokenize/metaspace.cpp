#include "tokenize/metaspace.h"

#include "core/error.h"
#include "core/text.h"
#include "tokenize/spelling.h"

namespace lt::tokenize {

std::optional<Metaspace> Metaspace::of(const gguf::File& file) {
  constexpr const char* key = "tokenizer.huggingface.metaspace";
  const auto prefix = file.string(key);
  if (!prefix) return std::nullopt;
  Metaspace m;
  if (*prefix == "first") {
    m.prefix_ = Prefix::first;
  } else if (*prefix == "never") {
    m.prefix_ = Prefix::never;
  } else if (*prefix != "always") {
    throw Error(Code::format, std::string(key) + ": expected always, first or never, found \"" + shown(*prefix) + "\"");
  }
  m.split_ = file.boolean("tokenizer.huggingface.metaspace_split").value_or(true);
  return m;
}

std::string Metaspace::spelt(std::string_view text, bool first) const {
  std::string out;
  const bool wants = prefix_ == Prefix::always || (prefix_ == Prefix::first && first);
  if (wants && !text.starts_with(' ') && !text.starts_with(kSpace)) out = kSpace;
  spell_spaces(text, out);
  return out;
}

size_t Metaspace::word_end(std::string_view spelt, size_t at) const {
  const size_t next = split_ ? spelt.find(kSpace, at + 1) : std::string_view::npos;
  return next == std::string_view::npos ? spelt.size() : next;
}

}  // namespace lt::tokenize
