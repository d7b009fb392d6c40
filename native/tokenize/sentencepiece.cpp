#include <algorithm>
#include <cmath>
#include <cstring>

#include "core/error.h"
#include "tokenize/encoder.h"
#include "tokenize/merge.h"
#include "tokenize/sentence_text.h"
#include "tokenize/spelling.h"
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
        words_(vocabulary) {
    for (const std::string_view token : vocabulary.tokens) words_.joins(token);
  }

  void append(std::string_view text, std::vector<int32_t>& ids) const override {
    const std::string spelt = this->spelt(text);
    Merging merging;
    WordCache cache(spelt.size());
    for (size_t at = 0; at < spelt.size();) {
      const size_t end = words_.end(spelt, at);
      const std::string_view word = std::string_view(spelt).substr(at, end - at);
      cache.append(word, ids, [&](std::string_view w) { append_word(merging, w, ids); });
      at = end;
    }
  }

  void read(std::string_view token, std::string& bytes) const override { read_spaces(token, bytes); }
  bool strips_first_space() const override { return prefixes_space_; }
  bool adds_bos() const override { return true; }

 private:
  std::string spelt(std::string_view text) const {
    if (!text_.keeps_all()) return text_.normalized(text);
    std::string out;
    out.reserve(text.size() + text.size() / 2 + 3);
    if (prefixes_space_) out += kSpace;
    spell_spaces(text, out);
    return out;
  }

  void append_word(Merging& merging, std::string_view word, std::vector<int32_t>& ids) const {
    const auto rank = [&](std::string_view both, size_t) {
      const int32_t id = vocabulary_.find(both);
      return id >= 0 ? ranks_[static_cast<size_t>(id)] : kNoMerge;
    };
    merging.run(word, rank, [&](std::string_view symbol) {
      const int32_t id = vocabulary_.find(symbol);
      if (id >= 0) return ids.push_back(id);
      for (const char c : symbol)
        if (const int32_t byte = bytes_[static_cast<uint8_t>(c)]; byte >= 0) ids.push_back(byte);
    });
  }

  const Vocabulary& vocabulary_;
  std::vector<uint32_t> ranks_;  // of each token
  std::array<int32_t, 256> bytes_;
  bool prefixes_space_;
  SentenceText text_;
  WordEnds words_;
};

}  // namespace

std::unique_ptr<Encoder> make_sentencepiece(const Vocabulary& vocabulary, const gguf::File& file) {
  return std::make_unique<SentencePiece>(vocabulary, file);
}

}  // namespace lt::tokenize
