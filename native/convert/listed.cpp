// tokenizer.jsonl, PLaMo 2's: a line a token, a list of its text, its score, its kind and more.
#include <algorithm>
#include <cmath>

#include "convert/vocabulary.h"
#include "core/error.h"

namespace lt::convert {
namespace {

Kind listed_kind(std::string_view text, std::string_view said) {
  if (said == "UNKNOWN") return Kind::unknown;
  if (said == "CONTROL") return Kind::control;
  if (said == "BYTE") return Kind::byte;
  return text.starts_with("<|plamo:") && text.ends_with("|>") ? Kind::control : Kind::normal;
}

Token read_listed_token(std::string_view line, size_t number) {
  const auto fail = [&](const std::string& what) {
    throw Error(Code::format, "line " + std::to_string(number) + ": expected a list of a token's text, score and kind, found " + what);
  };
  const json::Document document(line);
  std::vector<json::Value> parts;
  for (const json::Member m : document.root()) {
    parts.push_back(m.value);
    if (parts.size() == 3) break;
  }
  if (!document.root().is(json::Kind::array) || parts.size() < 2) fail("another value");
  const auto text = parts[0].string();
  const auto score = parts[1].number();
  if (!text || !score || !std::isfinite(*score)) fail("other parts");
  const std::string_view said = parts.size() > 2 ? parts[2].string().value_or("") : "";
  return {std::string(*text), listed_kind(*text, said), static_cast<float>(*score)};
}

}  // namespace

Vocabulary read_listed(std::string_view text) {
  Vocabulary v;
  v.model = "plamo2";
  v.space_prefix = false;
  for (size_t at = 0, number = 1; at < text.size(); number++) {
    const size_t end = std::min(text.find('\n', at), text.size());
    const std::string_view line = text.substr(at, end - at);
    if (line.find_first_not_of(" \t\r") != std::string_view::npos)
      v.at(static_cast<int64_t>(v.tokens.size())) = read_listed_token(line, number);
    at = end + 1;
  }
  if (v.tokens.empty()) throw Error(Code::format, "expected a token a line, found none");
  return v;
}

}  // namespace lt::convert
