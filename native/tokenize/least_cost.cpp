// PLaMo 2's tokenizer: of all ways to make a text of tokens the one whose scores, in steps of 1e-4, sum up to most, found from its end; of
// equal ones the longest token first. What no token has is its bytes.
#include <cmath>
#include <cstdint>
#include <limits>
#include <string>

#include "core/error.h"
#include "tokenize/encoder.h"
#include "tokenize/spelling.h"
#include "tokenize/token_trie.h"

namespace lt::tokenize {
namespace {

constexpr int64_t kUnknownCost = 10'000'000;
constexpr int64_t kTooDear = 20'000'000;

class LeastCost final : public Encoder {
 public:
  LeastCost(const Vocabulary& vocabulary, const gguf::File& file) : bytes_(byte_tokens(vocabulary)) {
    const gguf::Array* array = file.array("tokenizer.ggml.scores");
    const auto* scores = array ? std::get_if<std::vector<double>>(array) : nullptr;
    if (!scores || scores->size() != vocabulary.tokens.size())
      throw Error(Code::format, "tokenizer.ggml.scores: expected " + std::to_string(vocabulary.tokens.size()) + " floats, one a token");
    costs_.resize(scores->size());
    for (int32_t id = 0; id < vocabulary.size(); ++id) {
      const auto i = static_cast<size_t>(id);
      // The product is rounded in single precision, as the scores are.
      const float score = static_cast<float>((*scores)[i]) * 1e4f;
      if (vocabulary.is(id, Kind::byte) || vocabulary.is_mark(id) || vocabulary.text(id).empty()) continue;
      if (!std::isfinite(score) || std::abs(score) >= static_cast<float>(kTooDear)) continue;
      costs_[i] = -static_cast<int64_t>(std::lround(score));
      trie_.add(vocabulary.text(id), id);
    }
    trie_.build();
  }

  void append(std::string_view text, std::vector<int32_t>& ids) const override {
    if (text.starts_with("\xEF\xBB\xBF")) text.remove_prefix(3);  // a byte order mark
    std::vector<Best> best(text.size() + 1, {std::numeric_limits<int64_t>::max(), 0, -1});
    best[text.size()].cost = 0;
    for (size_t end = text.size(); end > 0;) {
      const Read last = read_before(text, end);
      const size_t letter = last.whole ? last.bytes : 1, at = end - letter;
      Best& b = best[at];
      trie_.walk(text, at, [&](size_t bytes, int32_t id) {
        const int64_t behind = best[at + bytes].cost;
        if (behind == std::numeric_limits<int64_t>::max()) return;  // inside a letter
        const int64_t cost = behind + costs_[static_cast<size_t>(id)];
        if (cost <= b.cost) b = {cost, static_cast<uint32_t>(bytes), id};
      });
      if (best[end].cost + kUnknownCost < b.cost) b = {best[end].cost + kUnknownCost, static_cast<uint32_t>(letter), -1};
      end = at;
    }
    for (size_t at = 0; at < text.size(); at += best[at].bytes) {
      if (best[at].id >= 0) {
        ids.push_back(best[at].id);
        continue;
      }
      for (const char c : text.substr(at, best[at].bytes))
        if (const int32_t byte = bytes_[static_cast<uint8_t>(c)]; byte >= 0) ids.push_back(byte);
    }
  }

  void read(std::string_view token, std::string& bytes) const override { bytes += token; }
  bool adds_bos() const override { return true; }

 private:
  struct Best {
    int64_t cost;
    uint32_t bytes;  // of the first token
    int32_t id;      // -1: its bytes
  };

  std::array<int32_t, 256> bytes_;
  std::vector<int64_t> costs_;
  TokenTrie trie_;
};

}  // namespace

std::unique_ptr<Encoder> make_least_cost(const Vocabulary& vocabulary, const gguf::File& file) {
  return std::make_unique<LeastCost>(vocabulary, file);
}

}  // namespace lt::tokenize
