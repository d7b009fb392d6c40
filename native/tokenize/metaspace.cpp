#include "tokenize/metaspace.h"

#include "core/error.h"
#include "core/text.h"
#include "tokenize/spelling.h"

namespace lt::tokenize {

std::optional<Metaspace> Metaspace::of(const gguf::File& file) {
  const auto prefix = file.string("tokenizer.huggingface.metaspace");
  if (!prefix) return std::nullopt;
  return Metaspace(*prefix, file.boolean("tokenizer.huggingface.metaspace_split").value_or(true));
}

Metaspace::Metaspace(std::string_view prefix, bool split) : split_(split) {
  if (prefix == "first") {
    prefix_ = Prefix::first;
  } else if (prefix == "never") {
    prefix_ = Prefix::never;
  } else if (prefix != "always") {
    throw Error(Code::format, "tokenizer.huggingface.metaspace: expected always, first or never, found \"" + shown(prefix) + "\"");
  }
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
