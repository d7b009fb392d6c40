#include "engine/cache.h"

#include <algorithm>
#include <utility>

namespace lt::engine {
namespace {

int64_t common(std::span<const int32_t> a, std::span<const int32_t> b) {
  return std::mismatch(a.begin(), a.end(), b.begin(), b.end()).first - a.begin();
}

// What page i is known by.
std::span<const int32_t> tokens_of(const Cache::Holding& h, std::span<const int32_t> tokens, size_t i) {
  return i == 0 && h.whole > 0 ? tokens.first(static_cast<size_t>(h.whole)) : tokens.subspan(i * page, page);
}

}  // namespace

Cache::Cache(CacheSize size) : size_(std::move(size)) {
  for (size_t g = 0; g < size_.reach.size(); g++) pools_.emplace_back(size_.pages[g]);
  pools_.emplace_back(size_.states);
}

// The first page that a row at `place` sees.
int64_t Cache::first_seen(size_t group, int64_t place) const {
  const int64_t reach = size_.reach[group];
  return reach == 0 ? 0 : std::max<int64_t>(0, place - reach + 1) / page;
}

void Cache::move_to(Holding& h, Node* node) noexcept {
  Node* before = std::exchange(h.node, node);
  if (node) node->holders++, h.prefix = node->id;
  if (before) before->holders--, release(before);
}

void Cache::read_from(Holding& h, int32_t slot) noexcept {
  if (slot != none && slot != h.state) hold(state_pool(), slot);
  const int32_t before = std::exchange(h.reads, slot);
  if (before != h.state) let_go(state_pool(), before);
}

bool Cache::has_pages(const Node& node) const {
  for (size_t g = 0; g < groups(); g++)
    if (node.pages[g] == none) return false;
  return true;
}

// run: how many known pages of each group end at place `end`, of those behind `computed`.
bool Cache::pages_known(const Holding& h, int64_t computed, const std::array<int64_t, most_groups>& run, int64_t end) const {
  for (size_t g = 0; g < groups(); g++) {
    const int64_t first = first_seen(g, end);
    if (run[g] < end / page - std::max(first, computed / page)) return false;
    for (int64_t i = first; i < computed / page; i++)
      if (h.pages[g][static_cast<size_t>(i)] == none) return false;
  }
  return true;
}

Cache::Node* Cache::part_with_state(Prefix before, std::span<const int32_t> tokens) {
  Node* best = nullptr;
  const auto [first, last] = after_.equal_range(before);
  for (auto at = first; at != last; ++at) {
    Node* node = at->second;
    if (node->pages[state_pool()] == none || common(node->tokens, tokens) < std::ssize(node->tokens)) continue;
    if (!best || node->tokens.size() > best->tokens.size()) best = node;
  }
  return best;
}

int64_t Cache::match(Holding& h, std::span<const int32_t> tokens, int64_t computed) { return match(h, tokens, computed, false); }

// parts: a state within the next page is as good as one at its beginning.
int64_t Cache::match(Holding& h, std::span<const int32_t> tokens, int64_t computed, bool parts) {
  const auto known = static_cast<size_t>(computed / page);
  size_t best = 0;
  std::array<int64_t, most_groups> run{};
  found_.clear();
  Prefix before = h.prefix;
  for (size_t i = known; (i + 1) * page < tokens.size(); i++) {
    Node* next = find(before, tokens_of(h, tokens, i));
    if (!next) break;
    found_.push_back(next);
    before = next->id;
    for (size_t g = 0; g < groups(); g++) run[g] = next->pages[g] == none ? 0 : run[g] + 1;
    const size_t end = (i + 1) * page;
    if (std::cmp_less(end, h.whole) || !pages_known(h, computed, run, static_cast<int64_t>(end))) continue;
    const bool state = !has_states() || next->pages[state_pool()] != none;
    if (state || (parts && part_with_state(before, tokens.subspan(end, tokens.size() - 1 - end)))) best = i + 1 - known;
  }
  if (best == 0) return 0;
  const auto end = static_cast<int64_t>((known + best) * page);
  for (size_t g = 0; g < groups(); g++) {
    std::vector<int32_t>& pages = h.pages[g];
    if (pages.size() < known + best) pages.resize(known + best, none);
    const auto first = static_cast<size_t>(first_seen(g, end));
    for (size_t i = known; i < known + best; i++) replace(g, pages[i], i < first ? none : found_[i - known]->pages[g]);
  }
  if (has_states()) read_from(h, found_[best - 1]->pages[state_pool()]);
  move_to(h, found_[best - 1]);
  passed(h, end);
  return static_cast<int64_t>(best) * page;
}

int64_t Cache::begin(Holding& h, std::span<const int32_t> tokens, int64_t least, std::vector<Copy>& copies) {
  int64_t known = match(h, tokens, 0, true);
  if (const int64_t part = match_part(h, tokens, known, least, copies)) return known + part;
  if (!has_states() || known == 0 || h.reads != none) return known;
  give_back(h, tokens, 0);  // what had the state could not be copied
  return match(h, tokens, 0, false);
}

// Tokens that a page of another's has in common are copied, those up to a state where there are states.
int64_t Cache::match_part(Holding& h, std::span<const int32_t> tokens, int64_t computed, int64_t least, std::vector<Copy>& copies) {
  const int64_t most = std::min(page, std::ssize(tokens) - 1 - computed);
  if (most <= 0 || computed < h.whole) return 0;
  const auto wanted = tokens.subspan(static_cast<size_t>(computed), static_cast<size_t>(most));
  Node *from = nullptr, *state = has_states() ? part_with_state(h.prefix, wanted) : nullptr;
  int64_t count = 0;
  const auto [first, last] = after_.equal_range(h.prefix);
  for (auto at = first; at != last; ++at)
    if (const int64_t n = common(at->second->tokens, wanted); n > count && has_pages(*at->second)) from = at->second, count = n;
  if (has_states()) count = state && std::ssize(state->tokens) <= count ? std::ssize(state->tokens) : 0;
  if (count == 0 || (count < std::min(most, least) && !has_states())) return 0;
  if (!copy_page(h, *from, static_cast<size_t>(computed / page), copies)) return 0;
  if (state) read_from(h, state->pages[state_pool()]);
  return count;
}

// Page i, the holder's next, begins as the node's, which is copied. False: there is no room.
bool Cache::copy_page(Holding& h, const Node& from, size_t i, std::vector<Copy>& copies) {
  copies.reserve(copies.size() + groups());
  const std::array sources = from.pages;
  bool all = true;
  for (size_t g = 0; g < groups(); g++) {
    h.pages[g].resize(i + 1, none);
    hold(g, sources[g]);  // not to be taken for what it is copied to
  }
  for (size_t g = 0; g < groups(); g++) all = (h.pages[g][i] = take(g)) != none && all;
  for (size_t g = 0; g < groups(); g++) {
    if (all) copies.push_back({g, sources[g], h.pages[g][i]});
    let_go(g, sources[g]);
    if (all) continue;
    let_go(g, h.pages[g][i]);
    h.pages[g].resize(i);
  }
  return all;
}

bool Cache::grow(Holding& h, int64_t end, bool whole) {
  const auto pages = static_cast<size_t>((end + page - 1) / page);
  if (has_states() && h.state == none && (h.state = take(state_pool())) == none) return false;
  for (size_t g = 0; g < groups(); g++) {
    if (whole && size_.reach[g] != 0) continue;
    if (h.pages[g].capacity() < pages) h.pages[g].reserve(std::max(pages, 2 * h.pages[g].size()));
    while (h.pages[g].size() < pages) {
      const int32_t own = take(g);
      if (own == none) return false;
      h.pages[g].push_back(own);
    }
  }
  return true;
}

void Cache::passed(Holding& h, int64_t computed) noexcept {
  for (size_t g = 0; g < groups(); g++) {
    const auto first = std::min(static_cast<size_t>(first_seen(g, computed)), h.pages[g].size());
    for (size_t& i = h.passed[g]; i < first; i++) replace(g, h.pages[g][i], none);
  }
}

bool Cache::is_worth_keeping(int64_t end, int64_t prompt) const {
  if (end == prompt) return true;
  return end % page == 0 && (end / page % size_.state_every == 0 || end == (prompt - 1) / page * page);
}

bool Cache::keeps(int64_t end, int64_t prompt) const { return !has_states() || is_worth_keeping(end, prompt); }

void Cache::keep_states(Holding& h, int64_t first, int64_t end, int64_t prompt) {
  drop_kept(h);
  if (!has_states()) return;
  for (int64_t at = first + 1; at <= end; at++) {
    if (at % page != 0 && at != prompt) continue;
    if (at > prompt || !is_worth_keeping(at, prompt)) continue;
    h.kept.reserve(h.kept.size() + 1);
    const int32_t slot = take(state_pool());
    if (slot == none) return;
    h.kept.push_back({at, slot});
  }
}

int64_t Cache::keep_rows(Holding& h, int64_t first, int64_t count) {
  drop_kept(h);
  if (!has_states()) return count;
  h.kept.reserve(static_cast<size_t>(count));
  for (int64_t rows = 1; rows < count; rows++) {
    const int32_t slot = take(state_pool());
    if (slot == none) return rows;
    h.kept.push_back({first + rows, slot});
  }
  return count;
}

int32_t Cache::writes(const Holding& h, int64_t place, bool last) {
  for (const Kept& k : h.kept)
    if (k.end == place + 1) return k.slot;
  return last ? h.state : none;
}

void Cache::drop_kept(Holding& h) noexcept {
  for (const Kept& k : h.kept) let_go(state_pool(), k.slot);
  h.kept.clear();
}

// Where its twin is known already, the twin's pages are held in place of the own ones.
void Cache::publish_page(Holding& h, std::span<const int32_t> tokens, size_t i) {
  Node* node = find(h.prefix, tokens_of(h, tokens, i));
  if (!node) node = &make(h.prefix, h.node, tokens_of(h, tokens, i));
  for (size_t g = 0; g < groups(); g++) {
    int32_t& own = h.pages[g][i];
    if (own == none || own == node->pages[g]) continue;
    if (node->pages[g] == none)
      attach(g, own, *node);
    else
      replace(g, own, node->pages[g]);
  }
  move_to(h, node);
}

void Cache::publish(Holding& h, std::span<const int32_t> tokens, int64_t first, int64_t end) {
  auto kept = h.kept.begin();
  int32_t last = h.state;
  const auto know = [&](Node& node) {
    if (kept->end == end) last = kept->slot;
    if (node.pages[state_pool()] == none) attach(state_pool(), kept->slot, node);
    ++kept;
  };
  for (int64_t i = first / page; i * page < end; i++) {
    if (kept != h.kept.end() && kept->end < (i + 1) * page) {  // the end of the prompt, within the page
      const auto part = tokens.subspan(static_cast<size_t>(i * page), static_cast<size_t>(kept->end - i * page));
      Node* node = find(h.prefix, part);
      know(node ? *node : make(h.prefix, h.node, part));
    }
    if ((i + 1) * page > end) break;
    publish_page(h, tokens, static_cast<size_t>(i));
    if (kept != h.kept.end() && kept->end == (i + 1) * page) know(*h.node);
  }
  if (has_states()) read_from(h, last);
  drop_kept(h);
  passed(h, end);
  h.in_step = false;
}

void Cache::cut(Holding& h, int64_t end) noexcept {
  for (Kept& k : h.kept) {
    if (k.end != end) continue;
    if (h.reads == h.state) h.reads = k.slot;  // it is let go of with the others
    std::swap(h.state, k.slot);
  }
  drop_kept(h);
  const auto pages = static_cast<size_t>((end + page - 1) / page);
  for (size_t g = 0; g < groups(); g++)
    while (h.pages[g].size() > pages) {
      let_go(g, h.pages[g].back());
      h.pages[g].pop_back();
    }
}

void Cache::withdraw(Holding& h) noexcept {
  drop_kept(h);
  for (Node* node = h.node; node; node = node->parent) hide(*node);
}

// What the next row would read is the state behind the node's tokens.
void Cache::know_state(const Holding& h, Node& node) noexcept {
  if (has_states() && h.reads != none && node.pages[state_pool()] == none && !states().at(h.reads).node)
    attach(state_pool(), h.reads, node);
}

// What is computed of a page that is not full, and the state behind it, for a later request.
void Cache::keep_part(Holding& h, std::span<const int32_t> tokens, int64_t computed,
                      const std::array<int32_t, most_groups>& last) noexcept {
  const auto part = tokens.subspan(static_cast<size_t>(computed / page * page), static_cast<size_t>(computed % page));
  if (h.node && !h.node->findable) return;
  Node* node = nullptr;
  Node* most = nullptr;  // has the most of these tokens
  int64_t count = 0;
  const auto [first, end] = after_.equal_range(h.prefix);
  for (auto at = first; at != end; ++at) {
    const int64_t n = common(at->second->tokens, part);
    if (n == std::ssize(part) && n == std::ssize(at->second->tokens)) node = at->second;
    if (n > count && has_pages(*at->second)) most = at->second, count = n;
  }
  const bool news = groups() > 0 && count < std::ssize(part);
  if (!news && !has_states()) return;
  if (news && !has_states() && most && std::ssize(most->tokens) == count && most->children == 0 && most->holders == 0) {
    const bool held = std::any_of(pools_.begin(), std::prev(pools_.end()), [&, g = size_t{0}](const Pool& p) mutable {
      return p.pages[static_cast<size_t>(most->pages[g++])].holders > 0;
    });
    if (!held) {  // the page has all that this one has, and more
      hide(*most);
      release(most);
    }
  }
  try {
    if (!node) node = &make(h.prefix, h.node, part);
    for (size_t g = 0; g < groups(); g++)
      if (news && last[g] != none && node->pages[g] == none) attach(g, last[g], *node);
    know_state(h, *node);
    release(node);
  } catch (...) {  // computed again where it is wanted
  }
}

void Cache::give_back(Holding& h, std::span<const int32_t> tokens, int64_t computed) noexcept {
  drop_kept(h);
  // Where the step ended early, some layers' states are those behind its rows.
  if (std::exchange(h.in_step, false) && h.reads == h.state) h.reads = none;
  const auto full = static_cast<size_t>(computed / page);
  std::array<int32_t, most_groups> last;
  last.fill(none);
  for (size_t g = 0; g < groups(); g++)
    if (h.pages[g].size() > full) last[g] = h.pages[g][full];
  if (computed % page != 0)
    keep_part(h, tokens, computed, last);
  else if (h.node && h.node->findable)
    know_state(h, *h.node);
  for (size_t g = 0; g < groups(); g++) {
    while (!h.pages[g].empty()) {
      let_go(g, h.pages[g].back());
      h.pages[g].pop_back();
    }
    h.passed[g] = 0;
  }
  if (h.reads != h.state) let_go(state_pool(), h.reads);
  let_go(state_pool(), h.state);
  h.reads = h.state = none;
  move_to(h, nullptr);
  h.prefix = h.beginning;
}

}  // namespace lt::engine
