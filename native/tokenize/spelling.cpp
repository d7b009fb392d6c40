#include "tokenize/spelling.h"

#include <algorithm>

namespace lt::tokenize {

namespace {
void replace_all(std::string_view text, std::string_view what, std::string_view with, std::string& out) {
  size_t at = 0;
  for (size_t next = text.find(what); next != std::string_view::npos; next = text.find(what, at)) {
    out.append(text, at, next - at);
    out += with;
    at = next + what.size();
  }
  out.append(text, at);
}
}  // namespace

void spell_spaces(std::string_view text, std::string& out) { replace_all(text, " ", kSpace, out); }
void read_spaces(std::string_view token, std::string& out) { replace_all(token, kSpace, " ", out); }

void WordEnds::joins(std::string_view made) {
  for (size_t at = made.find(kSpace, 1); at != std::string_view::npos; at = made.find(kSpace, at + 1))
    if (!made.substr(0, at).ends_with(kSpace)) goes_on_[static_cast<uint8_t>(made[at - 1])] = true;
}

size_t WordEnds::end(std::string_view text, size_t at) const {
  if (!cuts_) return text.size();
  while (text.substr(at).starts_with(kSpace)) at += kSpace.size();
  do at = text.find(kSpace, at + 1);
  while (at != std::string_view::npos && (goes_on_[static_cast<uint8_t>(text[at - 1])] || text.substr(0, at).ends_with(kSpace)));
  return std::min(at, text.size());
}

std::array<int32_t, 256> byte_tokens(const Vocabulary& vocabulary) {
  std::array<int32_t, 256> tokens;
  // A vocabulary without <0xHH> may still have the byte as a token of its own; else it is the unknown token, if there is one.
  for (int byte = 0; byte < 256; ++byte) {
    const char own = static_cast<char>(byte);
    const int32_t id = vocabulary.find({&own, 1});
    tokens[static_cast<size_t>(byte)] = id >= 0 ? id : vocabulary.unknown;
  }
  for (int32_t id = vocabulary.size() - 1; id >= 0; --id)
    if (vocabulary.is(id, Kind::byte)) tokens[vocabulary.byte_value(id)] = id;
  return tokens;
}

}  // namespace lt::tokenize
