// Maps of small numbers, each in one piece of memory: nothing is ever taken out.
#pragma once
#include <cstdint>
#include <initializer_list>
#include <optional>
#include <vector>

namespace lt::grammar {

// Not against an adversary: who chooses what collides makes his own grammar slow, within its limits.
class Mixed {
 public:
  void add(uint64_t word) {
    value_ = (value_ ^ word) * 0x9e3779b97f4a7c15u;
    value_ ^= value_ >> 32;
  }
  uint64_t value() const { return value_; }

 private:
  uint64_t value_ = 0x2545f4914f6cdd1du;
};

// Numbers of things that are kept elsewhere, by their hashes.
class HashIndex {
 public:
  // The number of which same(number) holds, of those that were added with this hash.
  template <class Same>
  std::optional<uint32_t> find(uint64_t hash, const Same& same) const {
    if (slots_.empty()) return std::nullopt;
    const size_t mask = slots_.size() - 1;
    const auto tag = static_cast<uint32_t>(hash >> 32);
    for (size_t i = hash & mask; slots_[i].number != none; i = (i + 1) & mask)
      if (slots_[i].tag == tag && same(slots_[i].number)) return slots_[i].number;
    return std::nullopt;
  }
  void add(uint64_t hash, uint32_t number) {
    if (2 * (count_ + 1) > slots_.size()) grow();
    place(hash, static_cast<uint32_t>(hash >> 32), number);
    ++count_;
  }
  size_t bytes() const { return slots_.capacity() * sizeof(Slot); }  // of memory

 private:
  static constexpr uint32_t none = UINT32_MAX;
  struct Slot {
    uint32_t low = 0, tag = 0, number = none;  // both halves of the hash
  };

  void place(uint64_t low, uint32_t tag, uint32_t number) {
    const size_t mask = slots_.size() - 1;
    size_t i = low & mask;
    while (slots_[i].number != none) i = (i + 1) & mask;
    slots_[i] = {static_cast<uint32_t>(low), tag, number};
  }
  void grow() {
    std::vector<Slot> old(slots_.empty() ? 64 : 2 * slots_.size());
    old.swap(slots_);
    for (const Slot& s : old)
      if (s.number != none) place(s.low, s.tag, s.number);
  }

  std::vector<Slot> slots_;
  size_t count_ = 0;
};

// From keys of 64 bits to numbers of 32.
class FlatMap {
 public:
  std::optional<uint32_t> find(uint64_t key) const {
    const std::optional<uint32_t> at = index_.find(hash(key), [&](uint32_t i) { return entries_[i].key == key; });
    return at ? std::optional(entries_[*at].value) : std::nullopt;
  }
  void set(uint64_t key, uint32_t value) {
    const uint64_t h = hash(key);
    if (const auto at = index_.find(h, [&](uint32_t i) { return entries_[i].key == key; })) {
      entries_[*at].value = value;
      return;
    }
    index_.add(h, static_cast<uint32_t>(entries_.size()));
    entries_.push_back({key, value});
  }
  size_t bytes() const { return index_.bytes() + entries_.capacity() * sizeof(Entry); }  // of memory

 private:
  struct Entry {
    uint64_t key;
    uint32_t value;
  };
  static uint64_t hash(uint64_t key) {
    Mixed mixed;
    mixed.add(key);
    return mixed.value();
  }

  HashIndex index_;
  std::vector<Entry> entries_;
};

}  // namespace lt::grammar
