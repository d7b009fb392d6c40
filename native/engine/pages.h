// The pages of the KV cache: who holds each, which hold a known prefix, and which may be taken for something else.
// A page that is full and computed is published under the tokens before and in it; later requests with the same beginning
// share it. A shared page is never written. What nobody holds stays findable until its page is needed, oldest first.
#pragma once
#include <cstdint>
#include <list>
#include <span>
#include <unordered_map>
#include <vector>

#include "core/ops.h"

namespace lt::engine {

class Pages {
 public:
  using Prefix = uint64_t;  // names the tokens from position 0 to the end of a published page, never used twice
  static constexpr Prefix root = 0;
  static constexpr int32_t none = -1;

  explicit Pages(int64_t count);

  int64_t count() const { return static_cast<int64_t>(pages_.size()); }
  int64_t available() const { return static_cast<int64_t>(free_.size() + unheld_.size()); }

  // A page of the caller's own, to be written; none if every page is held.
  int32_t take();
  // The page after `before` with these tokens (page_size of them), held by the caller too; none if it is not there.
  int32_t share(Prefix before, std::span<const int32_t> tokens);
  // A full page becomes findable. Where its twin already is, the caller's page is given back and the twin held instead.
  int32_t publish(int32_t page, Prefix before, std::span<const int32_t> tokens);
  void give_back(int32_t page);

  Prefix prefix(int32_t page) const { return pages_[static_cast<size_t>(page)].prefix; }

 private:
  struct Page {
    int32_t holders = 0;
    Prefix prefix = root;  // root: not published
    Prefix before = root;
    uint64_t hash = 0;
    std::vector<int32_t> tokens;          // of the page, compared because hashes can be equal
    std::list<int32_t>::iterator unheld;  // valid where published and not held
  };

  Page& at(int32_t page) { return pages_[static_cast<size_t>(page)]; }
  int32_t find(Prefix before, uint64_t hash, std::span<const int32_t> tokens) const;
  void hold(int32_t page);
  void forget(int32_t page);

  std::vector<Page> pages_;
  std::vector<int32_t> free_;
  std::list<int32_t> unheld_;  // published, longest unused first
  std::unordered_map<uint64_t, int32_t> by_hash_;
  Prefix next_ = root + 1;
};

}  // namespace lt::engine
