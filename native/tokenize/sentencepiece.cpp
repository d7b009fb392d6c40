#include <algorithm>
#include <cmath>
#include <cstring>

#include "core/error.h"
#include "tokenize/encoder.h"
#include "tokenize/merge.h"
#include "tokenize/sentence_text.h"
#include "tokenize/spelling.h"
#include "tokenize/user_symbols.h"
#include "tokenize/word_cache.h"

namespace lt::tokenize {

namespace {

// Ranks order as scores do, from the highest down; 0 and -0 are one score, what is no number comes last.
uint32_t rank_of(float score) {
  if (std::isnan(score)) return kNoMerge - 1;
  score += 0.0f;
  uint32_t bits;
  std::memcpy(&bits, &score, 4);
  const uint32_t ascending = bits & 0x80000000u ? ~bits : bits | 0x80000000u;
  return std::min(~ascending, kNoMerge - 1);
}

std::vector<uint32_t> read_ranks(const Vocabulary& vocabulary, const gguf::File& file) {
  const gguf::Array* array = file.array("tokenizer.ggml.scores");
  const auto* scores = array ? std::get_if<std::vector<double>>(array) : nullptr;
  if (!scores) throw Error(Code::format, "tokenizer.ggml.scores: expected an array of floats, which the model \"llama\" merges by");
  if (scores->size() != vocabulary.tokens.size())
    throw Error(Code::format, "tokenizer.ggml.scores: expected " + std::to_string(vocabulary.tokens.size()) +
                                  " values, one a token, found " + std::to_string(scores->size()));
  std::vector<uint32_t> ranks(scores->size());
  std::transform(scores->begin(), scores->end(), ranks.begin(), [](double s) { return rank_of(static_cast<float>(s)); });
  return ranks;
}

class SentencePiece final : public Encoder {
 public:
  SentencePiece(const Vocabulary& vocabulary, const gguf::File& file)
      : vocabulary_(vocabulary),
        ranks_(read_ranks(vocabulary, file)),
        bytes_(byte_tokens(vocabulary)),
        prefixes_space_(file.boolean("tokenizer.ggml.add_space_prefix").value_or(true)),
        text_(file, prefixes_space_),
        symbols_(vocabulary),
        unknown_(unknown_of(vocabulary)),
        words_(vocabulary) {
    for (const std::string_view token : vocabulary.tokens) words_.joins(token);
  }

  void append(std::string_view text, std::vector<int32_t>& ids) const override {
    const std::string spelt = this->spelt(text);
    const size_t before = ids.size();
    Merging merging;
    WordCache cache(spelt.size());
    each_part(spelt, [&](std::string_view part, int32_t id) {
      if (id >= 0) return ids.push_back(id);
      for (size_t at = 0; at < part.size();) {
        const size_t end = words_.end(part, at);
        cache.append(part.substr(at, end - at), ids, [&](std::string_view word) { append_word(merging, word, ids); });
        at = end;
      }
    });
    if (is_library()) join_unknowns(ids, before);
  }

  void read(std::string_view token, std::string& bytes) const override { read_spaces(token, bytes); }
  bool strips_first_space() const override { return prefixes_space_; }
  bool adds_bos() const override { return true; }

 private:
  bool is_library() const { return vocabulary_.pieces > 0; }

  static int32_t unknown_of(const Vocabulary& vocabulary) {
    for (int32_t id = 0; id < vocabulary.pieces; ++id)
      if (vocabulary.is(id, Kind::unknown)) return id;
    return -1;
  }

  // each(part, id) for the symbols of the user's, and for what is between them, with -1.
  template <class Each>
  void each_part(std::string_view spelt, const Each& each) const {
    size_t from = 0;
    for (size_t at = 0; !symbols_.empty() && at < spelt.size();) {
      const UserSymbols::Found found = symbols_.longest(spelt, at);
      if (found.bytes == 0) {
        at += read_utf8(spelt, at).bytes;
        continue;
      }
      each(spelt.substr(from, at - from), -1);
      each(spelt.substr(at, found.bytes), found.id);
      from = at += found.bytes;
    }
    each(spelt.substr(from), -1);
  }

  // Unknown characters that follow one another are one token.
  void join_unknowns(std::vector<int32_t>& ids, size_t from) const {
    if (unknown_ < 0) return;
    const auto begin = ids.begin() + static_cast<std::ptrdiff_t>(from);
    ids.erase(std::unique(begin, ids.end(), [&](int32_t a, int32_t b) { return a == unknown_ && b == unknown_; }), ids.end());
  }

  std::string spelt(std::string_view text) const {
    if (is_library()) return text_.normalized(text, symbols_);
    if (!text_.keeps_all()) return text_.normalized(text);
    std::string out;
    out.reserve(text.size() + text.size() / 2 + 3);
    if (prefixes_space_) out += kSpace;
    spell_spaces(text, out);
    return out;
  }

  // The library merges nothing to what is no piece of text.
  int32_t found(std::string_view text) const {
    const int32_t id = vocabulary_.find(text);
    return id < 0 || !is_library() || (id < vocabulary_.pieces && vocabulary_.is(id, Kind::normal)) ? id : -1;
  }

  void append_word(Merging& merging, std::string_view word, std::vector<int32_t>& ids) const {
    const auto rank = [&](std::string_view both, size_t) {
      const int32_t id = found(both);
      return id >= 0 ? ranks_[static_cast<size_t>(id)] : kNoMerge;
    };
    merging.run(word, rank, [&](std::string_view symbol) {
      const int32_t id = found(symbol);
      if (id >= 0) return ids.push_back(id);
      if (is_library() && bytes_[0] < 0) return ids.push_back(unknown_);
      for (const char c : symbol)
        if (const int32_t byte = bytes_[static_cast<uint8_t>(c)]; byte >= 0) ids.push_back(byte);
    });
  }

  const Vocabulary& vocabulary_;
  std::vector<uint32_t> ranks_;  // of each token
  std::array<int32_t, 256> bytes_;
  bool prefixes_space_;
  SentenceText text_;
  UserSymbols symbols_;
  int32_t unknown_;  // of the library's
  WordEnds words_;
};

}  // namespace

std::unique_ptr<Encoder> make_sentencepiece(const Vocabulary& vocabulary, const gguf::File& file) {
  return std::make_unique<SentencePiece>(vocabulary, file);
}

}  // namespace lt::tokenize
