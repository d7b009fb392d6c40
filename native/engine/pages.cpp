#include "engine/pages.h"

#include <algorithm>

namespace lt::engine {
namespace {

int64_t common(std::span<const int32_t> a, std::span<const int32_t> b) {
  return std::mismatch(a.begin(), a.end(), b.begin(), b.end()).first - a.begin();
}

}  // namespace

Pages::Pages(int64_t count) : pages_(static_cast<size_t>(count)) {
  free_.reserve(pages_.size());  // giving a page back takes no memory
  for (int64_t p = count; p-- > 0;) free_.push_back(static_cast<int32_t>(p));
}

int32_t Pages::take() noexcept {
  if (free_.empty()) {
    if (oldest_ == none) return none;
    const int32_t oldest = oldest_;
    remove_unheld(oldest);
    forget(oldest);
    free_.push_back(oldest);
  }
  const int32_t page = free_.back();
  free_.pop_back();
  at(page).holders = 1;
  return page;
}

int32_t Pages::share(Prefix before, std::span<const int32_t> tokens) noexcept {
  const auto [first, last] = after_.equal_range(before);
  for (auto i = first; i != last; ++i) {
    const Page& p = at(i->second);
    if (p.prefix == root || !std::equal(p.tokens.begin(), p.tokens.end(), tokens.begin(), tokens.end())) continue;
    hold(i->second);
    return i->second;
  }
  return none;
}

Pages::PartialPage Pages::longest(Prefix before, std::span<const int32_t> tokens) noexcept {
  PartialPage best;
  const auto [first, last] = after_.equal_range(before);
  for (auto i = first; i != last; ++i) {
    const int64_t n = common(at(i->second).tokens, tokens);
    if (n > best.tokens) best = {i->second, n};
  }
  if (best.page != none && at(best.page).holders == 0) {  // used just now
    remove_unheld(best.page);
    append_unheld(best.page);
  }
  return best;
}

// Last what cannot fail, so that a page is findable whole or not at all.
void Pages::file(int32_t page, Prefix before, std::span<const int32_t> tokens) {
  Page& p = at(page);
  p.tokens.assign(tokens.begin(), tokens.end());
  after_.emplace(before, page);
  p.before = before;
  p.findable = true;
}

int32_t Pages::publish(int32_t page, Prefix before, std::span<const int32_t> tokens) {
  if (const int32_t twin = share(before, tokens); twin != none) {
    give_back(page);
    return twin;
  }
  file(page, before, tokens);
  at(page).prefix = next_++;
  return page;
}

void Pages::give_back_part(int32_t page, Prefix before, std::span<const int32_t> tokens) noexcept {
  const PartialPage known = longest(before, tokens);
  if (known.tokens < std::ssize(tokens)) {
    if (known.page != none && std::ssize(at(known.page).tokens) == known.tokens && at(known.page).holders == 0) {
      remove_unheld(known.page);  // the page has all that this one has, and more
      forget(known.page);
      free_.push_back(known.page);
    }
    try {
      file(page, before, tokens);
    } catch (...) {  // computed again where it is wanted
    }
  }
  give_back(page);
}

void Pages::hold(int32_t page) noexcept {
  if (at(page).holders++ == 0) remove_unheld(page);
}

void Pages::give_back(int32_t page) noexcept {
  Page& p = at(page);
  if (--p.holders > 0) return;
  if (p.findable) {
    append_unheld(page);
  } else {
    forget(page);
    free_.push_back(page);
  }
}

void Pages::withdraw(int32_t page) noexcept {
  Page& p = at(page);
  if (!p.findable) return;
  const auto [first, last] = after_.equal_range(p.before);
  const auto own = std::find_if(first, last, [page](const auto& entry) { return entry.second == page; });
  if (own != last) after_.erase(own);
  p.findable = false;
}

void Pages::forget(int32_t page) noexcept {
  withdraw(page);
  Page& p = at(page);
  p.prefix = p.before = root;
  p.tokens.clear();
}

void Pages::append_unheld(int32_t page) noexcept {
  Page& p = at(page);
  p.older = newest_;
  p.newer = none;
  (newest_ == none ? oldest_ : at(newest_).newer) = page;
  newest_ = page;
  unheld_++;
}

void Pages::remove_unheld(int32_t page) noexcept {
  Page& p = at(page);
  (p.older == none ? oldest_ : at(p.older).newer) = p.newer;
  (p.newer == none ? newest_ : at(p.newer).older) = p.older;
  p.older = p.newer = none;
  unheld_--;
}

}  // namespace lt::engine
