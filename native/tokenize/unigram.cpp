// SentencePiece's unigram model (Kudo 2018): of all ways to make a text of tokens the one whose scores, logarithms of their probabilities,
// sum up to most.
#include <algorithm>
#include <cmath>
#include <limits>
#include <string>
#include <utility>

#include "core/error.h"
#include "tokenize/encoder.h"
#include "tokenize/sentence_text.h"
#include "tokenize/spelling.h"
#include "tokenize/token_trie.h"
#include "tokenize/unknown.h"
#include "tokenize/user_symbols.h"
#include "tokenize/word_cache.h"

namespace lt::tokenize {
namespace {

constexpr double kUnknownPenalty = 10;  // below the least score of a token
constexpr double kSymbolScore = -0.1f;  // the library's, of a symbol of the user's

std::vector<double> read_scores(const Vocabulary& vocabulary, const gguf::File& file) {
  const gguf::Array* array = file.array("tokenizer.huggingface.scores");  // where 32 bits are too few
  if (!array) array = file.array("tokenizer.ggml.scores");
  const auto* scores = array ? std::get_if<std::vector<double>>(array) : nullptr;
  if (!scores || scores->size() != vocabulary.tokens.size())
    throw Error(Code::format, "tokenizer.ggml.scores: expected " + std::to_string(vocabulary.tokens.size()) + " floats, one a token");
  return *scores;
}

class Unigram final : public Encoder {
 public:
  Unigram(const Vocabulary& vocabulary, const gguf::File& file)
      : vocabulary_(vocabulary),
        scores_(read_scores(vocabulary, file)),
        unknowns_(vocabulary, file),
        unknown_(vocabulary.from_folder ? unknowns_.id() : vocabulary.unknown),
        prefixes_space_(file.boolean("tokenizer.ggml.add_space_prefix").value_or(false)),
        strips_space_(file.boolean("tokenizer.huggingface.strip_space").value_or(prefixes_space_)),
        text_(file, prefixes_space_),
        symbols_(vocabulary),
        words_(vocabulary) {
    double least = vocabulary.from_folder ? std::numeric_limits<double>::infinity() : 0;
    for (int32_t id = 0; id < vocabulary.size(); ++id) {
      const std::string_view text = vocabulary.text(id);
      double& score = scores_[static_cast<size_t>(id)];
      if (!(std::abs(score) < 1e39)) continue;                              // beyond 32 bits: never chosen
      if (vocabulary.from_folder && vocabulary.find(text) != id) continue;  // added behind the model's own, or there to fill up
      if (vocabulary.is(id, Kind::normal) || vocabulary.from_folder) least = std::min(least, score);
      if (vocabulary.is(id, Kind::user_defined) && !vocabulary.from_folder) score = 0;  // before all others
      if (vocabulary.is_symbol(id)) continue;
      if (text.empty() || vocabulary.is_mark(id) || (vocabulary.is(id, Kind::byte) && !vocabulary.from_folder)) continue;
      trie_.add(text, id);
      words_.joins(text);
    }
    symbols_.each([&](std::string_view text, int32_t id) {
      scores_[static_cast<size_t>(id)] = kSymbolScore;
      trie_.add(text, id);
      words_.joins(text);
    });
    trie_.build();
    unknown_score_ = least - kUnknownPenalty;
  }

  void append(std::string_view text, std::vector<int32_t>& ids) const override {
    const size_t end = text.size();
    if (vocabulary_.from_folder) return append_words(text, std::span(&end, 1), ids);
    const std::string normal = vocabulary_.pieces > 0 ? text_.normalized(text, symbols_) : text_.normalized(text);
    WordCache cache(normal.size());
    std::vector<Best> best;
    for (size_t at = 0; at < normal.size();) {
      const size_t end = words_.end(normal, at);
      cache.append(std::string_view(normal).substr(at, end - at), ids, [&](std::string_view word) { append_word(word, best, ids); });
      at = end;
    }
  }

  void append_words(std::string_view spelt, std::span<const size_t> ends, std::vector<int32_t>& ids) const override {
    WordCache cache(spelt.size());
    std::vector<Best> best;
    size_t begin = 0;
    for (const size_t end : ends) {
      cache.append(spelt.substr(begin, end - begin), ids, [&](std::string_view word) { append_word(word, best, ids); });
      begin = end;
    }
  }

  void read(std::string_view token, std::string& bytes) const override { read_spaces(token, bytes); }
  bool strips_first_space() const override { return strips_space_; }
  bool adds_bos() const override { return false; }

 private:
  struct Best {
    double score;
    uint32_t bytes;  // of the last token
    int32_t id;      // -1: unknown
  };

  void append_word(std::string_view word, std::vector<Best>& best, std::vector<int32_t>& ids) const {
    best.assign(word.size() + 1, {-std::numeric_limits<double>::infinity(), 0, -1});
    best[0].score = 0;
    for (size_t at = 0; at < word.size();) {
      const size_t letter = std::max<size_t>(read_utf8(word, at).bytes, 1);
      const double score = best[at].score;
      bool has_letter = false;
      const auto offer = [&](size_t bytes, int32_t id, double sum) {
        if (sum > best[at + bytes].score) best[at + bytes] = {sum, static_cast<uint32_t>(bytes), id};
      };
      trie_.walk(word, at, [&](size_t bytes, int32_t id) {
        has_letter |= bytes == letter;
        offer(bytes, id, score + scores_[static_cast<size_t>(id)]);
      });
      if (!has_letter) offer(letter, -1, score + unknown_score_);
      at += letter;
    }
    append_path(word, best, ids);
  }

  // What came out best, from its end back: each place then keeps where its token leads to.
  void append_path(std::string_view word, std::vector<Best>& best, std::vector<int32_t>& ids) const {
    Best last = best[word.size()];
    for (size_t end = word.size(); end > 0;) {
      const size_t begin = end - last.bytes;
      std::swap(last, best[begin]);
      end = begin;
    }
    for (size_t at = 0; at < word.size();) {
      if (best[at].id >= 0) {
        ids.push_back(best[at].id);
        at += best[at].bytes;
        continue;
      }
      size_t end = at;  // a run of unknown characters is one token
      while (end < word.size() && best[end].id < 0) end += best[end].bytes;
      append_unknown(word.substr(at, end - at), ids);
      at = end;
    }
  }

  void append_unknown(std::string_view run, std::vector<int32_t>& ids) const {
    if (!unknowns_.bytes_of(run, ids) && unknown_ >= 0) ids.push_back(unknown_);
  }

  const Vocabulary& vocabulary_;
  std::vector<double> scores_;
  Unknown unknowns_;
  int32_t unknown_;
  TokenTrie trie_;
  double unknown_score_ = 0;
  bool prefixes_space_;
  bool strips_space_;
  SentenceText text_;
  UserSymbols symbols_;
  WordEnds words_;
};

}  // namespace

std::unique_ptr<Encoder> make_unigram(const Vocabulary& vocabulary, const gguf::File& file) {
  return std::make_unique<Unigram>(vocabulary, file);
}

}  // namespace lt::tokenize
