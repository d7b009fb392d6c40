// A running hash of bytes, to tell whether two things are the same; not against an adversary. How the bytes are cut into calls does
// not show.
#pragma once
#include <algorithm>
#include <cstdint>
#include <cstring>

namespace lt {

// Eight bytes a step: multiply and fold, with the offset and multiplier of FNV-1a, 64 bits (Fowler, Noll and Vo).
class Hash {
 public:
  void add(const void* bytes, size_t n) {
    const uint8_t* at = static_cast<const uint8_t*>(bytes);
    while (n > 0) {
      const size_t some = std::min(n, sizeof word_ - filled_);
      std::memcpy(reinterpret_cast<uint8_t*>(&word_) + filled_, at, some);
      filled_ += some;
      at += some;
      n -= some;
      if (filled_ == sizeof word_) step();
    }
  }

  uint64_t value() const {
    Hash last = *this;
    if (last.filled_ > 0) last.step();
    return last.value_;
  }

 private:
  void step() {
    value_ = (value_ ^ word_) * 0x100000001b3u;
    value_ ^= value_ >> 32;
    word_ = 0;
    filled_ = 0;
  }

  uint64_t value_ = 0xcbf29ce484222325u, word_ = 0;
  size_t filled_ = 0;
};

}  // namespace lt
