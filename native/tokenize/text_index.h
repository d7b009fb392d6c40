// A flat hash table from texts to numbers that stores neither: whoever asks says whether a number stands for the text it means.
#pragma once
#include <cstdint>
#include <cstring>
#include <string_view>
#include <vector>

#include "core/error.h"

namespace lt::tokenize {

inline uint64_t mix(uint64_t hash, uint64_t word) {
  hash = (hash ^ word) * 0x9E3779B97F4A7C15u;
  return hash ^ (hash >> 32);
}

// Every bit of the word to every bit of the hash, so that its low bits can choose a slot.
inline uint64_t finish(uint64_t hash) {
  hash = (hash ^ (hash >> 29)) * 0xBF58476D1CE4E5B9u;
  return hash ^ (hash >> 32);
}

template <class Word>
uint64_t load(const char* at) {
  Word word;
  std::memcpy(&word, at, sizeof word);
  return word;
}

// Words of eight bytes, the last one overlapping; what is shorter is read whole without a loop.
inline uint64_t hash_text(std::string_view text) {
  const char* at = text.data();
  const size_t size = text.size();
  uint64_t hash = mix(0, size);
  if (size >= 8) {
    for (size_t i = 0; i + 8 < size; i += 8) hash = mix(hash, load<uint64_t>(at + i));
    return finish(mix(hash, load<uint64_t>(at + size - 8)));
  }
  if (size >= 4) return finish(mix(hash, load<uint32_t>(at) << 32 | load<uint32_t>(at + size - 4)));
  if (size == 0) return finish(hash);
  return finish(mix(hash, load<uint8_t>(at) << 16 | load<uint8_t>(at + size / 2) << 8 | load<uint8_t>(at + size - 1)));
}

class TextIndex {
 public:
  static constexpr uint32_t kNone = UINT32_MAX;

  // For `count` texts; a third of the slots or more stays empty.
  explicit TextIndex(size_t count = 0) {
    size_t slots = 16;
    while (slots < count + count / 2) slots *= 2;
    slots_.resize(slots);
  }

  // same(number): does `number` stand for the text with this hash? A text that is there already keeps its number, unless
  // `replace`. A vocabulary made so that its texts collide is refused: it would make every look-up slow.
  template <class Same>
  void insert(uint64_t hash, uint32_t number, bool replace, const Same& same) {
    const uint32_t tag = tag_of(hash);
    size_t slot = hash & (slots_.size() - 1);
    for (int probes = 0; probes < kMostProbes; ++probes, slot = (slot + 1) & (slots_.size() - 1)) {
      Slot& s = slots_[slot];
      const bool empty = s.number == kNone;
      if (!empty && !(s.tag == tag && same(s.number))) continue;
      if (empty || replace) s = {tag, number};
      return;
    }
    throw Error(Code::format, "tokenizer.ggml.tokens or .merges: too many texts share one hash; the vocabulary looks made to be slow");
  }

  template <class Same>
  uint32_t find(uint64_t hash, const Same& same) const {
    const uint32_t tag = tag_of(hash);
    for (size_t slot = hash & (slots_.size() - 1);; slot = (slot + 1) & (slots_.size() - 1)) {
      const Slot& s = slots_[slot];
      if (s.number == kNone || (s.tag == tag && same(s.number))) return s.number;
    }
  }

 private:
  static constexpr int kMostProbes = 4096;

  struct Slot {
    uint32_t tag = 0;
    uint32_t number = kNone;
  };

  static uint32_t tag_of(uint64_t hash) { return static_cast<uint32_t>(hash >> 32); }

  std::vector<Slot> slots_;  // a power of two, never full
};

}  // namespace lt::tokenize
