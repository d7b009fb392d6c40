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
    if (const CharacterMap::Found found = map_.longest(text, at); found.bytes > 0) {
      put(found.by);
      at += found.bytes;
      continue;
    }
    const Read read = read_utf8(text, at);
    put(read.whole ? text.substr(at, read.bytes) : std::string_view("\xEF\xBF\xBD"));
    at += read.whole ? read.bytes : 1;
  }
  while (joins_spaces_ && out.ends_with(kSpace)) out.resize(out.size() - kSpace.size());  // written so in the text
  return out;
}

}  // namespace lt::tokenize
