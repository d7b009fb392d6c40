#include "engine/scheduler.h"

#include <algorithm>
#include <utility>

namespace lt::engine {
namespace {

constexpr int64_t page = Kv::page_size;

void insert(std::vector<std::unique_ptr<Sequence>>& queue, std::unique_ptr<Sequence> s) {
  const auto at = std::upper_bound(queue.begin(), queue.end(), s, [](const auto& a, const auto& b) { return a->id < b->id; });
  queue.insert(at, std::move(s));
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

void Scheduler::add(std::unique_ptr<Sequence> s) { insert(waiting_, std::move(s)); }

std::vector<Work> Scheduler::plan(int64_t rows) {
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
      s.fail(Error(Code::internal, "a request does not fit an empty cache"));
      return;
    }
    insert(running_, std::move(waiting_.front()));
    waiting_.erase(waiting_.begin());
  }
}

// Known pages of the beginning, and pages of its own for the rest; all or none. Leaves a page for each that runs, so that a
// request is not admitted only to be sent back at once.
bool Scheduler::take_pages(Sequence& s) {
  Pages::Prefix before = Pages::root;
  for (int64_t i = 0; may_reuse(s) && has_full_page(s, i); i++) {
    const int32_t shared = pages_.share(before, tokens_of(s, i));
    if (shared == Pages::none) break;
    s.pages.push_back(shared);
    before = pages_.prefix(shared);
  }
  const int64_t known = static_cast<int64_t>(s.pages.size()), needed = (s.length() + page - 1) / page;
  if (pages_.available() < needed - known + static_cast<int64_t>(running_.size())) {
    give_back_pages(s);
    return false;
  }
  s.computed = s.reused = known * page;
  for (int64_t i = known; i < needed; i++) s.pages.push_back(pages_.take());
  return true;
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
  for (size_t i = 0; i < running_.size(); i++) {
    Sequence& s = *running_[i];
    while (static_cast<int64_t>(s.pages.size()) * page < s.length()) {
      const int32_t own = pages_.take();
      if (own != Pages::none) {
        s.pages.push_back(own);
        continue;
      }
      preempt_last();
      if (i >= running_.size()) return;  // it was this one
    }
  }
}

void Scheduler::preempt_last() {
  std::unique_ptr<Sequence> s = std::move(running_.back());
  running_.pop_back();
  give_back_pages(*s);
  insert(waiting_, std::move(s));
}

// Last page first: of what is kept for later requests, beginnings are taken away last.
void Scheduler::give_back_pages(Sequence& s) {
  for (; !s.pages.empty(); s.pages.pop_back()) pages_.give_back(s.pages.back());
  s.computed = 0;
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

std::vector<std::unique_ptr<Sequence>> Scheduler::take_finished() {
  Queue finished;
  for (Queue* queue : {&running_, &waiting_})
    for (size_t i = 0; i < queue->size();) {
      if (!(*queue)[i]->finished()) {
        i++;
        continue;
      }
      give_back_pages(*(*queue)[i]);
      finished.push_back(std::move((*queue)[i]));
      queue->erase(queue->begin() + static_cast<int64_t>(i));
    }
  return finished;
}

Sequence* Scheduler::find(uint64_t id) const {
  for (Sequence* s : all())
    if (s->id == id) return s;
  return nullptr;
}

std::vector<Sequence*> Scheduler::all() const {
  std::vector<Sequence*> everybody;
  for (const Queue* queue : {&running_, &waiting_})
    for (const auto& s : *queue) everybody.push_back(s.get());
  return everybody;
}

}  // namespace lt::engine
