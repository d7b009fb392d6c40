#include "engine/pages.h"

#include <algorithm>

namespace lt::engine {
namespace {

// FNV-1a over the prefix before and the tokens (Fowler, Noll and Vo), 64 bits.
uint64_t hash_of(uint64_t before, std::span<const int32_t> tokens) {
  uint64_t h = 0xcbf29ce484222325u;
  const auto add = [&](uint64_t value, int bytes) {
    for (int i = 0; i < bytes; i++) h = (h ^ (value >> (8 * i) & 0xff)) * 0x100000001b3u;
  };
  add(before, 8);
  for (const int32_t t : tokens) add(static_cast<uint32_t>(t), 4);
  return h;
}

}  // namespace

Pages::Pages(int64_t count) : pages_(static_cast<size_t>(count)) {
  for (int64_t p = count; p-- > 0;) free_.push_back(static_cast<int32_t>(p));
}

int32_t Pages::take() {
  if (free_.empty()) {
    if (unheld_.empty()) return none;
    const int32_t oldest = unheld_.front();
    unheld_.pop_front();
    forget(oldest);
    free_.push_back(oldest);
  }
  const int32_t page = free_.back();
  free_.pop_back();
  at(page).holders = 1;
  return page;
}

int32_t Pages::find(Prefix before, uint64_t hash, std::span<const int32_t> tokens) const {
  const auto found = by_hash_.find(hash);
  if (found == by_hash_.end()) return none;
  const Page& p = pages_[static_cast<size_t>(found->second)];
  return p.before == before && std::equal(p.tokens.begin(), p.tokens.end(), tokens.begin(), tokens.end()) ? found->second : none;
}

int32_t Pages::share(Prefix before, std::span<const int32_t> tokens) {
  const int32_t page = find(before, hash_of(before, tokens), tokens);
  if (page != none) hold(page);
  return page;
}

int32_t Pages::publish(int32_t page, Prefix before, std::span<const int32_t> tokens) {
  const uint64_t hash = hash_of(before, tokens);
  if (const int32_t twin = find(before, hash, tokens); twin != none) {
    hold(twin);
    give_back(page);
    return twin;
  }
  Page& p = at(page);
  p.prefix = next_++;
  p.before = before;
  p.hash = hash;
  p.tokens.assign(tokens.begin(), tokens.end());
  by_hash_.try_emplace(hash, page);  // an unequal page of this hash stays the one that is found
  return page;
}

void Pages::hold(int32_t page) {
  Page& p = at(page);
  if (p.holders++ == 0) unheld_.erase(p.unheld);
}

void Pages::give_back(int32_t page) {
  Page& p = at(page);
  if (--p.holders > 0) return;
  if (p.prefix == root) {
    free_.push_back(page);
  } else {
    p.unheld = unheld_.insert(unheld_.end(), page);
  }
}

void Pages::forget(int32_t page) {
  Page& p = at(page);
  const auto found = by_hash_.find(p.hash);
  if (found != by_hash_.end() && found->second == page) by_hash_.erase(found);
  p.prefix = p.before = root;
  p.tokens.clear();
}

}  // namespace lt::engine
