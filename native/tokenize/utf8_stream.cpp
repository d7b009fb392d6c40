#include "tokenize/tokenizer.h"
#include "tokenize/unicode.h"

namespace lt::tokenize {

namespace {
constexpr std::string_view kReplacementBytes = "\xEF\xBF\xBD";
}

std::string Utf8Stream::push(std::string_view bytes) {
  pending_ += bytes;  // at most three bytes were left of the last push
  std::string out;
  out.reserve(pending_.size());
  size_t at = 0;
  while (at < pending_.size()) {
    const Read read = read_utf8(pending_, at);
    if (read.cut) break;
    if (read.whole)
      out.append(pending_, at, read.bytes);
    else
      out += kReplacementBytes;
    at += read.bytes;
  }
  pending_.erase(0, at);
  return out;
}

std::string Utf8Stream::finish() {
  const bool left = !pending_.empty();  // the beginning of one character: one replacement, however many bytes
  pending_.clear();
  return left ? std::string(kReplacementBytes) : std::string();
}

}  // namespace lt::tokenize
