// What tokenizer.json says of models that merge nothing: WordPiece, WordLevel and Unigram.
#include <cmath>
#include <cstdlib>
#include <string>
#include <vector>

#include "convert/vocabulary.h"
#include "core/text.h"

namespace lt::convert {
namespace {

// A token of a list, and its score.
struct Scored {
  std::string_view text;
  double score = 0;
};

// A number as the library reads it, whose last bit is not always the nearest: it decides between ways of the same tokens. Its digits are
// one whole number, as many as 64 bits hold, times or through a power of ten.
double library_number(std::string_view written) {
  const bool negative = written.starts_with('-');
  uint64_t digits = 0;
  int64_t exponent = 0;
  bool full = false, behind_point = false;
  size_t at = negative ? 1 : 0;
  for (; at < written.size() && written[at] != 'e' && written[at] != 'E'; at++) {
    if (written[at] == '.') {
      behind_point = true;
      continue;
    }
    const auto digit = static_cast<uint64_t>(written[at] - '0');
    full = full || digits > (UINT64_MAX - digit) / 10;
    if (!full) digits = digits * 10 + digit;
    exponent += full ? (behind_point ? 0 : 1) : (behind_point ? -1 : 0);
  }
  if (at < written.size()) exponent += std::strtol(std::string(written.substr(at + 1, 8)).c_str(), nullptr, 10);
  constexpr int64_t largest = 308;
  static const std::vector<double> powers = [] {
    std::vector<double> all;
    for (int64_t i = 0; i <= largest; i++) all.push_back(std::strtod(("1e" + std::to_string(i)).c_str(), nullptr));
    return all;
  }();
  auto value = static_cast<double>(digits);
  for (; exponent < -largest && value != 0; exponent += largest) value /= 1e308;
  if (value != 0)
    exponent<0 ? value /= powers[static_cast<size_t>(-exponent)] : value *= exponent> largest ? HUGE_VAL
                                                                                              : powers[static_cast<size_t>(exponent)];
  return negative ? -value : value;
}

template <class Each>
void each_scored(const Config& file, const Each& each) {
  const json::Value list = file["model"]["vocab"];
  if (!list.is(json::Kind::array) || list.size() == 0) file.fail("model", "vocab: expected a list of tokens and their scores");
  int64_t id = 0;
  for (const json::Member entry : list) {
    Scored s;
    int parts = 0;
    for (const json::Member part : entry.value) {
      const auto text = part.value.string();
      const std::string_view score = part.value.written();
      if (parts == 0 ? !text : score.empty() || score.find_first_of("NI") != std::string_view::npos)
        file.fail("model", "vocab: expected a token and its score in turn");
      if (parts == 0) s.text = *text;
      if (parts == 1) s.score = library_number(score);
      parts++;
    }
    if (parts != 2 || !std::isfinite(s.score)) file.fail("model", "vocab: expected a token and its score in turn");
    each(id++, s);
  }
}

bool spells_a_byte(std::string_view t) {
  return t.size() == 6 && t.starts_with("<0x") && t[5] == '>' && t.find_first_not_of("0123456789ABCDEF", 3) == 5;
}

}  // namespace

Ids unigram_ids(const Config& file) {
  Ids ids;
  each_scored(file, [&](int64_t id, const Scored& s) {
    if (!ids.emplace(s.text, id).second) file.fail("model", "vocab: " + shown(s.text) + ": is there twice");
  });
  return ids;
}

void read_unigram(const Config& file, Vocabulary& to) {
  to.model = "t5";
  to.encoding = read_encoding(file, Letters::characters);
  Encoding& encoding = *to.encoding;
  const bool bytes = encoding.falls_to_bytes;
  bool exact = true;
  each_scored(file, [&](int64_t id, const Scored& s) {
    Token& token = to.at(id);
    token.text = s.text;
    token.kind = bytes && spells_a_byte(s.text) ? Kind::byte : Kind::normal;
    token.score = static_cast<float>(s.score);
    exact &= static_cast<double>(token.score) == s.score;
    encoding.scores.push_back(s.score);
  });
  const json::Value unknown = file["model"]["unk_id"];
  if (unknown) {
    const auto id = unknown.integer();
    if (!id || *id < 0 || static_cast<size_t>(*id) >= to.tokens.size())
      file.fail("model", "unk_id: expected an id below " + std::to_string(to.tokens.size()));
    to.tokens[static_cast<size_t>(*id)].kind = Kind::unknown;
    encoding.unknown = static_cast<uint32_t>(*id);
    encoding.fuses_unknown = true;
  } else if (!bytes) {
    file.unsupported("model", "unk_id: a model that some texts are an error for is not built");
  }
  if (exact) encoding.scores.clear();
  to.space_prefix = encoding.strips_first_space;
  for (const std::string& step : encoding.steps) to.joins_spaces |= step == "removed";
  for (const std::string& step : encoding.normalizer) to.joins_spaces |= step == " {2,}";
}

// GGUF's spelling: U+2581 before what begins a word, and nothing before what goes on.
void read_word_pieces(const Config& file, const Ids& ids, Vocabulary& to, Letters letters) {
  to.model = "bert";
  to.encoding = read_encoding(file, letters);
  const std::string& prefix = to.encoding->continuing_prefix;
  for (Token& token : to.tokens) {
    if (token.kind != Kind::normal) continue;
    if (prefix.empty() || !token.text.starts_with(prefix)) {
      token.text.insert(0, metaspace_mark);
      continue;
    }
    token.text.erase(0, prefix.size());
    if (token.text.starts_with(metaspace_mark))
      file.unsupported("model", "vocab: a piece that goes on with U+2581 is not built, which stands for the beginning of a word");
  }
  const std::string_view unknown = file["model"]["unk_token"].string().value_or(letters == Letters::words ? "<unk>" : "[UNK]");
  const auto at = ids.find(unknown);
  if (at == ids.end()) file.fail("model", "unk_token: expected a token of the vocabulary, found " + shown(unknown));
  Token& token = to.tokens[static_cast<size_t>(at->second)];
  token.text = unknown;
  token.kind = Kind::unknown;
  to.encoding->unknown = static_cast<uint32_t>(at->second);
}

}  // namespace lt::convert
