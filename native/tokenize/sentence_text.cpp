#include "tokenize/sentence_text.h"

#include "tokenize/spelling.h"
#include "tokenize/unicode.h"

namespace lt::tokenize {

SentenceText::SentenceText(const gguf::File& file, bool prefixes_space)
    : map_(file), prefixes_space_(prefixes_space), joins_spaces_(file.boolean("tokenizer.ggml.remove_extra_whitespaces").value_or(false)) {}

std::string SentenceText::normalized(std::string_view text) const {
  std::string out;
  bool in_word = false, prefixed = false;
  const auto put = [&](std::string_view made) {
    for (const char c : made) {
      if (c == ' ') {
        in_word = false;
        if (!joins_spaces_) out += kSpace;
        continue;
      }
      if (!in_word && (joins_spaces_ ? prefixes_space_ || !out.empty() : prefixes_space_ && !prefixed)) {
        out += kSpace;
        prefixed = true;
      }
      in_word = true;
      out += c;
    }
  };
  for (size_t at = 0; at < text.size();) {
    const Made next = made(text, at);
    put(next.text);
    at += next.bytes;
  }
  while (joins_spaces_ && out.ends_with(kSpace)) out.resize(out.size() - kSpace.size());  // written so in the text
  return out;
}

std::string SentenceText::normalized(std::string_view text, const UserSymbols& symbols) const {
  const auto next = [&](size_t at) -> Made {
    const size_t bytes = symbols.longest(text, at).bytes;
    return bytes > 0 ? Made{text.substr(at, bytes), bytes} : made(text, at);
  };
  std::string out;
  size_t at = 0;
  if (joins_spaces_)
    for (Made first; at < text.size() && (first = next(at)).text == " ";) at += first.bytes;
  if (at == text.size()) return out;
  if (prefixes_space_) out += kSpace;
  bool behind_space = joins_spaces_;
  while (at < text.size()) {
    Made here = next(at);
    while (behind_space && here.text.starts_with(' ')) here.text.remove_prefix(1);
    spell_spaces(here.text, out);
    if (!here.text.empty()) behind_space = joins_spaces_ && here.text.ends_with(' ');
    at += here.bytes;
  }
  while (joins_spaces_ && out.ends_with(kSpace)) out.resize(out.size() - kSpace.size());
  return out;
}

SentenceText::Made SentenceText::made(std::string_view text, size_t at) const {
  if (const CharacterMap::Found found = map_.longest(text, at); found.bytes > 0) return {found.by, found.bytes};
  const Read read = read_utf8(text, at);
  if (!read.whole) return {"\xEF\xBF\xBD", 1};
  return {text.substr(at, read.bytes), read.bytes};
}

}  // namespace lt::tokenize
