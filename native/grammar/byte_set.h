// A set of bytes.
#pragma once
#include <array>
#include <bit>
#include <cstdint>

namespace lt::grammar {

class ByteSet {
 public:
  constexpr ByteSet() = default;
  static constexpr ByteSet range(uint8_t first, uint8_t last) {
    ByteSet set;
    for (int b = first; b <= last; ++b) set.add(static_cast<uint8_t>(b));
    return set;
  }
  static constexpr ByteSet all() { return range(0, 255); }

  constexpr void add(uint8_t byte) { words_[byte >> 6] |= uint64_t{1} << (byte & 63); }
  constexpr bool has(uint8_t byte) const { return (words_[byte >> 6] >> (byte & 63) & 1) != 0; }
  constexpr bool empty() const { return (words_[0] | words_[1] | words_[2] | words_[3]) == 0; }
  constexpr bool operator==(const ByteSet&) const = default;
  constexpr ByteSet operator|(const ByteSet& other) const {
    return joined(other, [](uint64_t a, uint64_t b) { return a | b; });
  }
  constexpr ByteSet operator&(const ByteSet& other) const {
    return joined(other, [](uint64_t a, uint64_t b) { return a & b; });
  }
  constexpr uint64_t word(int i) const { return words_[static_cast<size_t>(i)]; }

 private:
  template <class F>
  constexpr ByteSet joined(const ByteSet& other, F f) const {
    ByteSet set;
    for (size_t i = 0; i < 4; ++i) set.words_[i] = f(words_[i], other.words_[i]);
    return set;
  }

  std::array<uint64_t, 4> words_{};
};

}  // namespace lt::grammar
