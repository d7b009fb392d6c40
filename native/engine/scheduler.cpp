#include "engine/scheduler.h"

#include <algorithm>
#include <utility>

namespace lt::engine {
namespace {

// A page is copied for so many tokens at least, or for all that there are: a pass over fewer is as quick.
constexpr int64_t worth_copying = 8;

// The first of `from` to its place in `to`; takes no memory.
void move_first(Scheduler::Queue& from, Scheduler::Queue& to) noexcept {
  auto at = to.end();
  while (at != to.begin() && (*std::prev(at))->id > from.front()->id) --at;
  to.splice(at, from, from.begin());
}

// Tokens of page i.
std::span<const int32_t> tokens_of(const Sequence& s, int64_t i) {
  return std::span(s.tokens).subspan(static_cast<size_t>(i * page), page);
}

// Logits of every token are wanted, so none may be skipped.
bool may_reuse(const Sequence& s) { return !s.request.logits_only; }

// Page i is full before the last token, whose logits must be computed.
bool has_full_page(const Sequence& s, int64_t i) { return (i + 1) * page < s.length(); }

bool decodes(const Sequence& s) { return s.uncomputed() == 1 && !s.request.logits_only; }

}  // namespace

void Scheduler::add(Queue&& arrivals) noexcept {
  while (!arrivals.empty()) move_first(arrivals, waiting_);
}

std::vector<Work> Scheduler::plan(int64_t rows) {
  copies_.clear();
  admit();
  for (const auto& s : running_) adopt(*s);
  grow();
  std::vector<Work> work;
  for (const auto& s : running_)
    if (decodes(*s)) work.push_back({s.get(), 1, s->generates() ? 1 : 0});
  std::vector<Sequence*> reading = prompts();
  int64_t left = std::max(rows - static_cast<int64_t>(work.size()), static_cast<int64_t>(reading.size()));
  int64_t logits_left = logit_rows_;
  // Equal shares; what the shorter ones leave goes to the longer ones.
  for (size_t i = 0; i < reading.size(); i++) {
    Sequence& s = *reading[i];
    int64_t count = std::min(s.uncomputed(), left / static_cast<int64_t>(reading.size() - i));
    if (s.request.logits_only) count = std::min(count, logits_left);
    if (count == 0) continue;
    const bool whole = count == s.uncomputed();
    const int64_t outputs = s.request.logits_only ? count : whole && s.generates() ? 1 : 0;
    if (s.request.logits_only) logits_left -= count;
    left -= count;
    work.push_back({&s, count, outputs});
  }
  return work;
}

// The prompts to read on, shortest first. One whose next page is being computed by an earlier one waits to share it.
std::vector<Sequence*> Scheduler::prompts() const {
  std::vector<Sequence*> reading;
  for (const auto& s : running_) {
    if (decodes(*s)) continue;
    const auto twin = [&](const Sequence* earlier) { return same_page_next(*s, *earlier); };
    const bool waits = may_reuse(*s) && s->computed % page == 0 && std::any_of(reading.begin(), reading.end(), twin);
    if (!waits) reading.push_back(s.get());
  }
  std::sort(reading.begin(), reading.end(),
            [](const Sequence* a, const Sequence* b) { return std::pair(a->uncomputed(), a->id) < std::pair(b->uncomputed(), b->id); });
  return reading;
}

bool Scheduler::same_page_next(const Sequence& a, const Sequence& b) const {
  const int64_t i = a.computed / page;
  if (b.computed / page != i || !has_full_page(a, i) || b.length() < (i + 1) * page) return false;
  const auto x = tokens_of(a, i), y = tokens_of(b, i);
  return a.prefix(pages_) == b.prefix(pages_) && std::equal(x.begin(), x.end(), y.begin());
}

void Scheduler::admit() {
  while (!waiting_.empty() && static_cast<int64_t>(running_.size()) < sequences_) {
    Sequence& s = *waiting_.front();
    if (!take_pages(s)) {
      if (!running_.empty()) return;
      s.fail(Error(Code::internal, Literal{"a request does not fit an empty cache"}));
      return;
    }
    move_first(waiting_, running_);
  }
}

// Known pages of the beginning, and pages of its own for the rest; all or none. Leaves a page for each that runs, so that a
// request is not admitted only to be sent back at once.
bool Scheduler::take_pages(Sequence& s) {
  const int64_t needed = (s.length() + page - 1) / page;
  s.pages.reserve(static_cast<size_t>(needed));  // from here on nothing takes memory that would leave a page to nobody
  copies_.reserve(copies_.size() + 1);
  Pages::Prefix before = Pages::root;
  for (int64_t i = 0; may_reuse(s) && has_full_page(s, i); i++) {
    const int32_t shared = pages_.share(before, tokens_of(s, i));
    if (shared == Pages::none) break;
    s.pages.push_back(shared);
    before = pages_.prefix(shared);
  }
  const int64_t known = std::ssize(s.pages);
  s.computed = s.reused = known * page;
  if (pages_.available() < needed - known + std::ssize(running_)) {
    give_back_pages(s);
    return false;
  }
  copy_beginning(s, known);
  while (std::ssize(s.pages) < needed) s.pages.push_back(pages_.take());
  return true;
}

// Page i of the sequence, its next, begins as another does, which is copied: all but the last token, whose logits must be computed.
void Scheduler::copy_beginning(Sequence& s, int64_t i) {
  const int64_t most = std::min(page, s.length() - 1 - i * page);
  if (!may_reuse(s) || most <= 0) return;
  const Pages::PartialPage known =
      pages_.longest(s.prefix(pages_), std::span(s.tokens).subspan(static_cast<size_t>(i * page), static_cast<size_t>(most)));
  if (known.tokens == 0 || known.tokens < std::min(most, worth_copying)) return;
  const int32_t own = pages_.take();  // perhaps the very page, where no other can be taken
  if (own != known.page) copies_.push_back({&s, known.page, own});
  s.awaits_copy = own != known.page;
  s.pages.push_back(own);
  s.computed += known.tokens;
  s.reused += known.tokens;
}

// Pages that others computed since it was admitted.
void Scheduler::adopt(Sequence& s) {
  while (may_reuse(s) && s.computed % page == 0 && has_full_page(s, s.computed / page)) {
    const int64_t i = s.computed / page;
    const int32_t shared = pages_.share(s.prefix(pages_), tokens_of(s, i));
    if (shared == Pages::none) return;
    pages_.give_back(std::exchange(s.pages[static_cast<size_t>(i)], shared));
    s.computed += page;
    s.reused += page;
  }
}

// A page for every token to be computed, earliest requests first.
void Scheduler::grow() {
  for (auto at = running_.begin(); at != running_.end(); ++at) {
    Sequence& s = **at;
    while (std::ssize(s.pages) * page < s.length()) {
      if (s.pages.size() == s.pages.capacity()) s.pages.reserve(2 * s.pages.size() + 1);
      const int32_t own = pages_.take();
      if (own != Pages::none) {
        s.pages.push_back(own);
        continue;
      }
      const bool itself = running_.back().get() == &s;
      preempt_last();
      if (itself) return;
    }
  }
}

void Scheduler::preempt_last() {
  give_back_pages(*running_.back());
  Queue last;
  last.splice(last.end(), running_, std::prev(running_.end()));
  move_first(last, waiting_);
}

// Last page first: of what is kept for later requests, beginnings are taken away last. What a damaged request computed is not kept.
void Scheduler::give_back_pages(Sequence& s) noexcept {
  const auto computed_pages = static_cast<size_t>(s.computed / page);
  const bool has_part = s.computed % page != 0 && !s.damaged() && !s.awaits_copy;
  while (!s.pages.empty()) {
    const int32_t last = s.pages.back();
    s.pages.pop_back();
    if (s.damaged()) pages_.withdraw(last);
    if (has_part && s.pages.size() == computed_pages)
      pages_.give_back_part(last, s.prefix(pages_),
                            std::span(s.tokens).subspan(computed_pages * page, static_cast<size_t>(s.computed % page)));
    else
      pages_.give_back(last);
  }
  s.computed = 0;
  s.awaits_copy = false;
}

void Scheduler::copied() noexcept {
  for (const PageCopy& c : copies_) c.sequence->awaits_copy = false;
  copies_.clear();
}

void Scheduler::computed(const Work& work) {
  Sequence& s = *work.sequence;
  const int64_t first = s.computed / page, end = (s.computed + work.count) / page;
  Pages::Prefix before = s.prefix(pages_);
  for (int64_t i = first; i < end; i++) {
    int32_t& own = s.pages[static_cast<size_t>(i)];
    own = pages_.publish(own, before, tokens_of(s, i));
    before = pages_.prefix(own);
  }
  s.computed += work.count;
}

void Scheduler::take_finished(Queue& into) noexcept {
  for (Queue* queue : {&running_, &waiting_})
    for (auto at = queue->begin(); at != queue->end();) {
      const auto next = std::next(at);
      if ((*at)->finished()) {
        give_back_pages(**at);
        into.splice(into.end(), *queue, at);
      }
      at = next;
    }
}

bool Scheduler::none_finished() const noexcept {
  bool none = true;
  for_each([&](const Sequence& s) { none = none && !s.finished(); });
  return none;
}

}  // namespace lt::engine
