#include "tokenize/special_tokens.h"

#include <algorithm>

namespace lt::tokenize {

struct SpecialTokens::Candidate {
  size_t begin;
  size_t bytes;
  int32_t id;
  // Heap order: the longest on top, then the leftmost.
  bool operator<(const Candidate& other) const { return bytes != other.bytes ? bytes < other.bytes : begin > other.begin; }
};

SpecialTokens::SpecialTokens(const Vocabulary& vocabulary, bool takes_spaces) : vocabulary_(vocabulary), takes_spaces_(takes_spaces) {
  for (int32_t id = 0; id < vocabulary.size(); ++id) {
    if (!vocabulary.is_mark(id) && !vocabulary.is(id, Kind::user_defined)) continue;
    if (vocabulary.is_symbol(id)) continue;  // found in what is normalized
    const std::string_view text = vocabulary.text(id);
    if (text.empty() || vocabulary.find(text) != id) continue;
    sorted_.push_back(id);
    first_[static_cast<uint8_t>(text[0])] = true;
  }
  std::sort(sorted_.begin(), sorted_.end(), [&](int32_t a, int32_t b) { return vocabulary.text(a) < vocabulary.text(b); });
}

bool SpecialTokens::takes_spaces_after(int32_t id) const {
  const std::string_view text = vocabulary_.text(id);
  return takes_spaces_ && text != "<unk>" && text != "<s>" && text != "<|endoftext|>";
}

int32_t SpecialTokens::longest_at(std::string_view text, size_t at, size_t limit, bool marks) const {
  auto low = sorted_.begin();
  auto high = sorted_.end();
  int32_t best = -1;
  // Invariant: [low, high) are the tokens that begin with text[at, at + depth).
  for (size_t depth = 0; low != high; ++depth) {
    if (vocabulary_.text(*low).size() == depth) {
      if (marks || !vocabulary_.is_mark(*low)) best = *low;
      if (++low == high) break;
    }
    if (depth == limit) break;
    const auto byte = static_cast<uint8_t>(text[at + depth]);
    const auto byte_of = [&](int32_t id) { return static_cast<uint8_t>(vocabulary_.text(id)[depth]); };
    low = std::partition_point(low, high, [&](int32_t id) { return byte_of(id) < byte; });
    high = std::partition_point(low, high, [&](int32_t id) { return byte_of(id) == byte; });
  }
  return best;
}

std::vector<SpecialTokens::Candidate> SpecialTokens::candidates(std::string_view text, bool marks) const {
  std::vector<Candidate> all;
  for (size_t at = 0; at < text.size(); ++at) {
    if (!first_[static_cast<uint8_t>(text[at])]) continue;
    const int32_t id = longest_at(text, at, text.size() - at, marks);
    if (id >= 0) all.push_back({at, vocabulary_.text(id).size(), id});
  }
  return all;
}

std::vector<SpecialTokens::Found> SpecialTokens::find(std::string_view text, bool marks) const {
  std::vector<Candidate> heap = candidates(text, marks);
  std::vector<Found> found;
  if (heap.empty()) return found;
  std::make_heap(heap.begin(), heap.end());
  std::string taken(text.size(), 0);  // bytes that a longer one has
  while (!heap.empty()) {
    std::pop_heap(heap.begin(), heap.end());
    const Candidate c = heap.back();
    heap.pop_back();
    const size_t free = std::min(std::string_view(taken).substr(c.begin, c.bytes).find('\1'), c.bytes);
    if (free == c.bytes) {
      std::fill_n(taken.begin() + static_cast<std::ptrdiff_t>(c.begin), c.bytes, '\1');
      found.push_back({c.begin, c.begin + c.bytes, c.id});
    } else if (const int32_t id = free ? longest_at(text, c.begin, free, marks) : -1; id >= 0) {
      heap.push_back({c.begin, vocabulary_.text(id).size(), id});
      std::push_heap(heap.begin(), heap.end());
    }
  }
  std::sort(found.begin(), found.end(), [](const Found& a, const Found& b) { return a.begin < b.begin; });
  for (size_t i = 0; i < found.size(); ++i) {
    const size_t limit = i + 1 < found.size() ? found[i + 1].begin : text.size();
    if (takes_spaces_after(found[i].id))
      while (found[i].end < limit && std::string_view(" \t\n\v\f\r").find(text[found[i].end]) != std::string_view::npos) ++found[i].end;
  }
  return found;
}

}  // namespace lt::tokenize
