// The cache's pages: who holds them, and the nodes that tell what is known of them.
#include <algorithm>
#include <utility>

#include "engine/cache.h"

namespace lt::engine {

Cache::Pool::Pool(int64_t count) : pages(static_cast<size_t>(count)) {
  free.reserve(pages.size());  // giving a page back takes no memory
  for (int64_t p = count; p-- > 0;) free.push_back(static_cast<int32_t>(p));
}

void Cache::Pool::append(int32_t p) noexcept {
  at(p).older = newest;
  at(p).newer = none;
  (newest == none ? oldest : at(newest).newer) = p;
  newest = p;
  unheld++;
}

void Cache::Pool::remove(int32_t p) noexcept {
  Page& own = at(p);
  (own.older == none ? oldest : at(own.older).newer) = own.newer;
  (own.newer == none ? newest : at(own.newer).older) = own.older;
  own.older = own.newer = none;
  unheld--;
}

int32_t Cache::take(size_t pool) noexcept {
  Pool& p = pools_[pool];
  if (p.free.empty()) {
    if (p.oldest == none) return none;
    const int32_t oldest = p.oldest;
    p.remove(oldest);
    detach(pool, oldest);
    p.free.push_back(oldest);
  }
  const int32_t taken = p.free.back();
  p.free.pop_back();
  p.at(taken).holders = 1;
  return taken;
}

void Cache::hold(size_t pool, int32_t page) noexcept {
  Pool& p = pools_[pool];
  if (p.at(page).holders++ == 0) p.remove(page);
}

void Cache::let_go(size_t pool, int32_t page) noexcept {
  if (page == none) return;
  Pool& p = pools_[pool];
  if (--p.at(page).holders > 0) return;
  if (p.at(page).node)
    p.append(page);
  else
    p.free.push_back(page);
}

void Cache::replace(size_t group, int32_t& held, int32_t by) noexcept {
  if (by != none) hold(group, by);
  let_go(group, std::exchange(held, by));
}

void Cache::attach(size_t pool, int32_t page, Node& node) noexcept {
  if (Node* before = pools_[pool].at(page).node; before != nullptr && before != &node) {
    before->pages[pool] = none;
    pools_[pool].at(page).node = nullptr;
    release(before);
  }
  pools_[pool].at(page).node = &node;
  node.pages[pool] = page;
}

void Cache::detach(size_t pool, int32_t page) noexcept {
  Node* node = std::exchange(pools_[pool].at(page).node, nullptr);
  if (!node) return;
  node->pages[pool] = none;
  release(node);
}

// A node that knows nothing any more, and that nothing comes behind, goes.
void Cache::release(Node* node) noexcept {
  while (node && node->children == 0 && node->holders == 0 &&
         (!node->findable || std::all_of(node->pages.begin(), node->pages.end(), [](int32_t p) { return p == none; }))) {
    hide(*node);
    Node* parent = node->parent;
    nodes_.erase(node->id);
    if (parent) parent->children--;
    node = parent;
  }
}

// It is found no more; who holds its pages goes on.
void Cache::hide(Node& node) noexcept {
  if (!node.findable) return;
  node.findable = false;
  const auto [first, last] = after_.equal_range(node.before);
  const auto own = std::find_if(first, last, [&](const auto& entry) { return entry.second == &node; });
  if (own != last) after_.erase(own);
  for (size_t pool = 0; pool < pools_.size(); pool++) {
    const int32_t known = std::exchange(node.pages[pool], none);
    if (known == none) continue;
    Pool& p = pools_[pool];
    p.at(known).node = nullptr;
    if (p.at(known).holders == 0) {
      p.remove(known);
      p.free.push_back(known);
    }
  }
}

Cache::Node* Cache::find(Prefix before, std::span<const int32_t> tokens) {
  const auto [first, last] = after_.equal_range(before);
  for (auto i = first; i != last; ++i)
    if (std::equal(i->second->tokens.begin(), i->second->tokens.end(), tokens.begin(), tokens.end())) return i->second;
  return nullptr;
}

// Last what cannot fail, so that a node is there whole or not at all.
Cache::Node& Cache::make(Prefix before, Node* parent, std::span<const int32_t> tokens) {
  std::vector<int32_t> own(tokens.begin(), tokens.end());
  const Prefix id = next_++;
  Node& node = nodes_[id];
  try {
    after_.emplace(before, &node);
  } catch (...) {
    nodes_.erase(id);
    throw;
  }
  node.id = id, node.before = before, node.parent = parent;
  node.tokens = std::move(own);
  node.pages.fill(none);
  if (parent) parent->children++;
  return node;
}

}  // namespace lt::engine
