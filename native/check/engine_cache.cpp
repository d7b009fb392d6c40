#include <numeric>
#include <random>

#include "check/check.h"
#include "engine/cache.h"

namespace {

using lt::engine::Cache;
using lt::engine::CacheSize;
constexpr int64_t page = lt::engine::page;

// Texts whose tokens count up from `first`.
std::vector<int32_t> text(int64_t length, int32_t first = 0) {
  std::vector<int32_t> t(static_cast<size_t>(length));
  std::iota(t.begin(), t.end(), first);
  return t;
}

CacheSize size_of(std::vector<int64_t> reach, int64_t pages, int64_t states = 0, int64_t every = 1) {
  CacheSize s{.reach = std::move(reach), .states = states, .state_every = every};
  s.pages.fill(pages);
  return s;
}

// A request as the scheduler plays it: its whole text computed in steps of `rows`, then given back.
struct Reader {
  Cache& cache;
  std::vector<int32_t> tokens;
  Cache::Holding held;
  const int64_t prompt;
  std::vector<Cache::Copy> copies;
  int64_t known, computed;

  Reader(Cache& c, std::vector<int32_t> t, uint64_t salt = 0)
      : cache(c), tokens(std::move(t)), held(Cache::root(salt)), prompt(std::ssize(tokens)) {
    known = computed = cache.begin(held, tokens, page, copies);
  }
  void read(int64_t end, int64_t rows = 16) {
    while (computed < end) {
      const int64_t next = std::min(end, computed + rows);
      cache.keep_states(held, computed, next, prompt);
      CHECK(cache.grow(held, next, false));
      cache.publish(held, tokens, computed, next);
      computed = next;
    }
  }
  void end() { cache.give_back(held, tokens, computed); }
};

CHECK_CASE("engine/cache: a beginning is known to who has the same, and to no other") {
  Cache cache(size_of({0}, 8));
  Reader a(cache, text(200));
  a.read(200);
  Reader same(cache, text(200)), longer(cache, text(129)), other(cache, text(200, 1)), salted(cache, text(200), 7);
  CHECK(same.known == 3 * page && longer.known == 2 * page && other.known == 0 && salted.known == 0);
  CHECK(same.held.pages[0] == std::vector(a.held.pages[0].begin(), a.held.pages[0].begin() + 3));
  CHECK(Reader(cache, text(128)).known == 127);  // the last token's results must be computed
}

CHECK_CASE("engine/cache: a twin's page is held in place of one that is computed late") {
  Cache cache(size_of({0}, 8));
  Reader a(cache, text(70)), b(cache, text(70));
  a.read(70);
  const int64_t before = cache.available(0);
  CHECK(cache.grow(b.held, 64, false) && cache.available(0) == before - 1);
  cache.publish(b.held, b.tokens, 0, 64);
  CHECK(cache.available(0) == before && b.held.pages[0][0] == a.held.pages[0][0]);
}

CHECK_CASE("engine/cache: what nobody holds is taken, longest unused first, beginnings last") {
  Cache cache(size_of({0}, 4));
  Reader a(cache, text(4 * page));
  a.read(4 * page);
  a.end();
  CHECK(cache.available(0) == 4);
  Reader other(cache, text(2 * page, 1000));
  other.read(2 * page);
  Reader again(cache, text(4 * page + 1));
  CHECK(again.known == 2 * page);
}

CHECK_CASE("engine/cache: pages behind a window are free, and a beginning is known where its window is") {
  CacheSize size = size_of({0, 100}, 40);
  size.pages[1] = 24;
  Cache cache(size);
  Reader a(cache, text(20 * page));
  a.read(20 * page);
  int64_t held = 0;
  for (const int32_t p : a.held.pages[1]) held += p != Cache::none;
  CHECK_THAT(held == 2 && std::ssize(a.held.pages[0]) == 20, held << " pages of the window are held");
  CHECK(cache.available(0) == 20 && cache.available(1) == 22);
  // All are still findable: nothing else has asked for room.
  Reader b(cache, text(20 * page + 1));
  CHECK(b.known == 20 * page && b.held.pages[1][17] == Cache::none && b.held.pages[1][18] == a.held.pages[1][18]);
  // Others take the window's pages of the middle: there the beginning is known no more, at its end it is.
  Reader other(cache, text(15 * page, 100000));
  other.read(15 * page);
  CHECK(Reader(cache, text(20 * page + 1)).known == 20 * page);
  CHECK(Reader(cache, text(10 * page + 1)).known < 10 * page);
}

CHECK_CASE("engine/cache: a state is known behind the pages that keep it, and behind the end of a prompt") {
  Cache cache(size_of({0}, 40, 12, 4));
  Reader a(cache, text(10 * page + 20));
  a.read(10 * page + 20);
  CHECK(Reader(cache, text(9 * page)).known == 8 * page);
  CHECK(Reader(cache, text(10 * page + 20)).known == 10 * page);  // the last full one
  CHECK(Reader(cache, text(4 * page + 5)).known == 4 * page);
  CHECK(Reader(cache, text(3 * page)).known == 0);
  Reader b(cache, text(8 * page + 1));
  CHECK(b.known == 8 * page && b.held.reads != Cache::none && b.held.reads != b.held.state);
  // The end of the prompt, within a page: its state is there, and its keys once the page is published.
  a.end();
  Reader c(cache, text(10 * page + 30));
  CHECK(c.known == 10 * page + 20 && c.copies.size() == 1);
}

CHECK_CASE("engine/cache: a state that a text has at its end is known without a copy") {
  Cache cache(size_of({}, 0, 4, 1000));
  Reader a(cache, text(100));
  a.read(100);
  a.tokens = text(150);  // what was generated behind the prompt
  a.read(150);
  const int32_t own = a.held.reads;
  CHECK(own == a.held.state);
  a.end();
  Reader b(cache, text(200)), shorter(cache, text(140));
  CHECK(b.known == 150 && b.held.reads == own && b.copies.empty());
  CHECK(shorter.known == 100);  // the end of the prompt
}

CHECK_CASE("engine/cache: a prompt's end is known where a step goes on behind it") {
  Cache cache(size_of({0}, 40, 12, 1000));
  Reader a(cache, text(100));
  a.tokens = text(210);  // computed anew, with what was generated
  a.read(210, 210);
  CHECK(a.held.reads == a.held.state);
  CHECK(Reader(cache, text(110)).known == 100 && Reader(cache, text(210)).known == 100);
  a.end();
  CHECK(Reader(cache, text(300)).known == 210);
}

CHECK_CASE("engine/cache: rolled back, a text holds the pages of what is left") {
  Cache cache(size_of({0, 100}, 20));
  Reader a(cache, text(300));
  a.read(130);
  CHECK(cache.grow(a.held, 290, false));
  cache.cut(a.held, 135);
  CHECK(a.held.pages[0].size() == 3 && a.held.pages[1].size() == 3 && cache.available(0) == 17);
  a.read(300);
  CHECK(Reader(cache, text(300)).known == 256);
}

CHECK_CASE("engine/cache: a damaged text's pages are known to nobody") {
  Cache cache(size_of({0}, 8, 6));
  Reader a(cache, text(200));
  a.read(200);
  cache.withdraw(a.held);
  cache.give_back(a.held, a.tokens, 0);
  CHECK(Reader(cache, text(200)).known == 0 && cache.available(0) == 8);
}

CHECK_CASE("engine/cache: every page and slot is accounted for under random use") {
  std::mt19937 random(5);
  for (const auto& size :
       {size_of({0}, 30), size_of({0, 100}, 30), size_of({200}, 30), size_of({0, 70}, 30, 20, 2), size_of({}, 0, 20, 2)}) {
    Cache cache(size);
    std::vector<std::unique_ptr<Reader>> all;
    for (int i = 0; i < 3000; i++) {
      if (all.size() < 5 && random() % 3 == 0) {
        auto r = std::make_unique<Reader>(cache, text(1 + random() % 300, static_cast<int32_t>(random() % 3) * 1000), random() % 2);
        if (random() % 2) r->tokens.resize(r->tokens.size() / 2 + 1);
        r->known = r->computed = std::min<int64_t>(r->known, (std::ssize(r->tokens) - 1) / page * page);
        if (cache.grow(r->held, std::ssize(r->tokens), false))
          all.push_back(std::move(r));
        else
          cache.give_back(r->held, r->tokens, 0);
      } else if (!all.empty()) {
        const size_t at = random() % all.size();
        Reader& r = *all[at];
        const auto next = std::min<int64_t>(std::ssize(r.tokens), r.computed + 1 + static_cast<int64_t>(random() % 90));
        if (r.computed % page == 0) r.computed += cache.match(r.held, r.tokens, r.computed);
        r.read(std::max(next, r.computed));
        if (random() % 3 == 0) r.tokens.push_back(static_cast<int32_t>(random() % 50));
        if (random() % 4) continue;
        if (random() % 4 == 0) cache.withdraw(r.held), r.computed = 0;
        r.end();
        all.erase(all.begin() + static_cast<int64_t>(at));
      }
    }
    for (const auto& r : all) r->end();
    for (size_t g = 0; g < cache.groups(); g++) CHECK_THAT(cache.available(g) == 30, cache.available(g) << " pages of group " << g);
  }
}

}  // namespace
