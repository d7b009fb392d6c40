// The pages of the KV cache: who holds each, which hold a known prefix, and which may be taken for something else.
// What is computed of a page is published under the tokens before and in it: a full page when it is full, another when its request
// ends. Later requests with the same beginning share a full page, and copy what they need of any other. A published page is never
// written. What nobody holds stays findable until its page is needed, longest unused first.
#pragma once
#include <cstdint>
#include <span>
#include <unordered_map>
#include <vector>

#include "core/ops.h"

namespace lt::engine {

inline constexpr int64_t page = Kv::page_size;  // tokens

class Pages {
 public:
  using Prefix = uint64_t;  // names the tokens from position 0 to the end of a full published page, never used twice
  static constexpr Prefix root = 0;
  static constexpr int32_t none = -1;

  explicit Pages(int64_t count);

  int64_t count() const { return static_cast<int64_t>(pages_.size()); }
  int64_t available() const { return static_cast<int64_t>(free_.size()) + unheld_; }

  // A page of the caller's own, to be written; none if every page is held.
  int32_t take() noexcept;
  // The full page after `before` with these tokens (page_size of them), held by the caller too; none if it is not there.
  int32_t share(Prefix before, std::span<const int32_t> tokens) noexcept;
  // The page after `before` that begins with the most of these tokens, and with how many; not held.
  struct PartialPage {
    int32_t page = none;
    int64_t tokens = 0;
  };
  PartialPage longest(Prefix before, std::span<const int32_t> tokens) noexcept;
  // A full page becomes findable. Where its twin already is, the caller's page is given back and the twin held instead. Where
  // memory is lacking, throws and changes nothing.
  int32_t publish(int32_t page, Prefix before, std::span<const int32_t> tokens);
  // Gives back a page of the caller's own of which this much is computed: findable if memory allows and no other page has as much.
  void give_back_part(int32_t page, Prefix before, std::span<const int32_t> tokens) noexcept;
  void give_back(int32_t page) noexcept;
  void withdraw(int32_t page) noexcept;  // is found no more; who holds it goes on

  Prefix prefix(int32_t page) const { return pages_[static_cast<size_t>(page)].prefix; }

 private:
  struct Page {
    int32_t holders = 0;
    bool findable = false;
    Prefix prefix = root;  // root: never published, or not full
    Prefix before = root;
    std::vector<int32_t> tokens;
    int32_t older = none, newer = none;  // neighbours among those that are findable and not held
  };

  Page& at(int32_t page) { return pages_[static_cast<size_t>(page)]; }
  void hold(int32_t page) noexcept;
  void file(int32_t page, Prefix before, std::span<const int32_t> tokens);
  void forget(int32_t page) noexcept;
  void append_unheld(int32_t page) noexcept;
  void remove_unheld(int32_t page) noexcept;

  std::vector<Page> pages_;
  std::vector<int32_t> free_;
  int32_t oldest_ = none, newest_ = none;  // findable and not held, by when they were last used
  int64_t unheld_ = 0;
  std::unordered_multimap<Prefix, int32_t> after_;  // findable pages by the prefix before them
  Prefix next_ = root + 1;
};

}  // namespace lt::engine
