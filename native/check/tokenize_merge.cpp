// The merging and the search for special tokens against loops that are slow and plain.
#include <algorithm>
#include <map>

#include "check/check.h"
#include "check/tokenize_file.h"
#include "tokenize/merge.h"
#include "tokenize/special_tokens.h"
#include "tokenize/vocabulary.h"

using namespace lt;
using check::Random;
using check::Texts;

namespace {

using Ranks = std::map<std::string, uint32_t>;  // of "left right"

std::vector<std::string> plain_merge(const std::string& word, const Ranks& ranks) {
  std::vector<std::string> parts;
  for (const char c : word) parts.emplace_back(1, c);
  for (;;) {
    size_t best = 0;
    uint32_t rank = tokenize::kNoMerge;
    for (size_t i = 0; i + 1 < parts.size(); ++i) {
      const auto found = ranks.find(parts[i] + " " + parts[i + 1]);
      if (found != ranks.end() && found->second < rank) best = i, rank = found->second;
    }
    if (rank == tokenize::kNoMerge) return parts;
    parts[best] += parts[best + 1];
    parts.erase(parts.begin() + static_cast<std::ptrdiff_t>(best) + 1);
  }
}

std::vector<std::string> heap_merge(const std::string& word, const Ranks& ranks) {
  std::vector<std::string> parts;
  const auto rank = [&](std::string_view both, size_t left) {
    const auto found = ranks.find(std::string(both.substr(0, left)) + " " + std::string(both.substr(left)));
    return found == ranks.end() ? tokenize::kNoMerge : found->second;
  };
  tokenize::Merging().run(word, rank, [&](std::string_view symbol) { parts.emplace_back(symbol); });
  return parts;
}

std::string random_text(Random& random, size_t most, const std::string& letters) {
  std::string s;
  for (size_t i = random.below(most) + 1; i > 0; --i) s += letters[random.below(letters.size())];
  return s;
}

using Found = std::vector<std::pair<size_t, std::string>>;

// All of the greatest length from the left, then of the next length in what is left, and so on.
Found plain_find(const std::string& text, Texts tokens) {
  Found found;
  std::string taken(text.size(), '0');
  std::sort(tokens.begin(), tokens.end(), [](auto a, auto b) { return a.size() > b.size(); });
  for (size_t length = tokens[0].size(); length > 0; --length) {
    for (size_t at = 0; at + length <= text.size(); ++at) {
      const std::string here = text.substr(at, length);
      if (taken.substr(at, length).find('1') != std::string::npos) continue;
      if (std::find(tokens.begin(), tokens.end(), here) == tokens.end()) continue;
      taken.replace(at, length, length, '1');
      found.emplace_back(at, here);
    }
  }
  std::sort(found.begin(), found.end());
  return found;
}

}  // namespace

CHECK_CASE("tokenize/merging with a heap = merging by looking at every pair") {
  Random random(3);
  for (int round = 0; round < 3000; ++round) {
    Ranks ranks;
    for (size_t i = random.below(20); i > 0; --i) {
      const std::string merge = random_text(random, 4, "abc") + " " + random_text(random, 4, "abc");
      ranks.emplace(merge, static_cast<uint32_t>(random.below(8)));  // equal ranks too, as equal scores have them
    }
    const std::string word = random_text(random, 40, "abc");
    CHECK(heap_merge(word, ranks) == plain_merge(word, ranks));
  }
}

CHECK_CASE("tokenize/a heap gives its least first") {
  Random random(4);
  for (int round = 0; round < 200; ++round) {
    tokenize::LeastFirst heap;
    std::vector<uint64_t> all;
    for (size_t i = random.below(200); i > 0; --i) {
      all.push_back(random.below(100));
      heap.push(all.back());
    }
    std::sort(all.begin(), all.end());
    for (const uint64_t item : all) CHECK(heap.pop() == item);
    CHECK(heap.empty());
  }
}

CHECK_CASE("tokenize/special tokens are found as by looking for each length in turn") {
  Random random(5);
  for (int round = 0; round < 2000; ++round) {
    check::MetadataFile file;
    Texts tokens;
    for (size_t i = random.below(8) + 1; i > 0; --i) tokens.push_back(file.keep(random_text(random, 6, "ab<")));
    check::set_tokens(file, tokens, std::vector<int64_t>(tokens.size(), 3));
    const tokenize::Vocabulary vocabulary(file);
    const tokenize::SpecialTokens special(vocabulary, false);
    const std::string text = random_text(random, 30, "ab<");
    Found found;
    for (const auto& f : special.find(text, true)) found.emplace_back(f.begin, std::string(vocabulary.text(f.id)));
    CHECK(found == plain_find(text, tokens));
    CHECK(special.find(text, false).empty());
  }
}
