// SentencePiece's unigram model (Kudo 2018): of all ways to make a text of tokens the one whose scores, logarithms of their probabilities,
// sum up to most.
#include <algorithm>
#include <cmath>
#include <limits>
#include <string>

#include "core/error.h"
#include "tokenize/character_map.h"
#include "tokenize/encoder.h"
#include "tokenize/spelling.h"
#include "tokenize/token_trie.h"
#include "tokenize/word_cache.h"

namespace lt::tokenize {
namespace {

constexpr double kUnknownPenalty = 10;  // below the least score of a token

std::vector<double> read_scores(const Vocabulary& vocabulary, const gguf::File& file) {
  const gguf::Array* array = file.array("tokenizer.ggml.scores");
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
        map_(file),
        prefixes_space_(file.boolean("tokenizer.ggml.add_space_prefix").value_or(false)),
        joins_spaces_(file.boolean("tokenizer.ggml.remove_extra_whitespaces").value_or(false)),
        words_(vocabulary) {
    double least = 0;
    for (int32_t id = 0; id < vocabulary.size(); ++id) {
      const std::string_view text = vocabulary.text(id);
      double& score = scores_[static_cast<size_t>(id)];
      if (!std::isfinite(score)) continue;  // never chosen
      if (vocabulary.is(id, Kind::normal)) least = std::min(least, score);
      if (vocabulary.is(id, Kind::user_defined)) score = 0;  // before all others
      if (text.empty() || vocabulary.is_mark(id) || vocabulary.is(id, Kind::byte)) continue;
      trie_.add(text, id);
      words_.joins(text);
    }
    unknown_score_ = least - kUnknownPenalty;
  }

  void append(std::string_view text, std::vector<int32_t>& ids) const override {
    const std::string normal = normalized(text);
    WordCache cache(normal.size());
    std::vector<Best> best;
    for (size_t at = 0; at < normal.size();) {
      const size_t end = words_.end(normal, at);
      cache.append(std::string_view(normal).substr(at, end - at), ids, [&](std::string_view word) { append_word(word, best, ids); });
      at = end;
    }
  }

  void read(std::string_view token, std::string& bytes) const override { read_spaces(token, bytes); }
  bool strips_first_space() const override { return prefixes_space_; }
  bool adds_bos() const override { return false; }

 private:
  struct Best {
    double score;
    uint32_t bytes;  // of the last token
    int32_t id;      // -1: unknown
  };

  std::string normalized(std::string_view text) const {
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
    return out;
  }

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
    const size_t first = ids.size();
    bool unknown = false;  // what came before, seen from the end; a run of unknown characters is one token
    for (size_t end = word.size(); end > 0; end -= best[end].bytes) {
      const int32_t id = best[end].id;
      if (id >= 0) ids.push_back(id);
      if (id < 0 && !unknown && vocabulary_.unknown >= 0) ids.push_back(vocabulary_.unknown);
      unknown = id < 0;
    }
    std::reverse(ids.begin() + static_cast<std::ptrdiff_t>(first), ids.end());
  }

  const Vocabulary& vocabulary_;
  std::vector<double> scores_;
  CharacterMap map_;
  TokenTrie trie_;
  double unknown_score_ = 0;
  bool prefixes_space_;
  bool joins_spaces_;
  WordEnds words_;
};

}  // namespace

std::unique_ptr<Encoder> make_unigram(const Vocabulary& vocabulary, const gguf::File& file) {
  return std::make_unique<Unigram>(vocabulary, file);
}

}  // namespace lt::tokenize
