#include "engine/scheduler.h"

#include <algorithm>
#include <utility>

#include "engine/current_error.h"

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

// Page i is full before the last token, whose results must be computed.
bool has_full_page(const Sequence& s, int64_t i) { return (i + 1) * page < s.length(); }

bool same_page(const Sequence& a, const Sequence& b, int64_t i) {
  const auto first = i * page, end = first + page;
  return has_full_page(a, i) && b.length() >= end && std::equal(a.tokens.begin() + first, a.tokens.begin() + end, b.tokens.begin() + first);
}

bool same_encoded(const Sequence& a, const Sequence& b) {
  return a.held.whole == b.held.whole && std::equal(a.tokens.begin(), a.tokens.begin() + a.held.whole, b.tokens.begin());
}

}  // namespace

// Where results of every token are wanted, none may be skipped.
bool Scheduler::may_reuse(const Sequence& s) const { return !s.wants_each_row() && !limits_.whole_texts; }
bool Scheduler::decodes(const Sequence& s) const { return s.uncomputed() == 1 && s.request.generates() && !limits_.whole_texts; }

bool Scheduler::holds(const Sequence& s) const {
  if (s.length() != s.prompt_length() + 1 || s.uncomputed() != 1) return false;
  int64_t rows = 0;
  for (const auto& other : running_)
    if (other->id <= s.began_with && other->length() <= other->prompt_length()) rows += other->uncomputed();
  return rows > 0 && rows <= soon_;
}

void Scheduler::add(Queue&& arrivals) noexcept {
  while (!arrivals.empty()) move_first(arrivals, waiting_);
}

std::vector<Work> Scheduler::plan(int64_t rows) {
  for (const auto& s : running_) adopt(*s);
  std::vector<Work> work = texts_to_encode();
  if (work.empty()) {
    for (const auto& s : running_)
      if (decodes(*s) && !holds(*s) && !s->waits_for_mask()) work.push_back({s.get(), 1, s->generates() ? 1 : 0});
    int64_t results = limits_.results;
    share_out(work, prompts(), rows, results);
    add_drafts(work, rows, results);
  }
  make_room(work);
  for (Work& w : work) {
    Sequence& s = *w.sequence;
    s.held.in_step = true;
    if (w.drafts > 0)
      w.resize(cache_.keep_rows(s.held, s.computed, w.count) - 1);
    else if (may_reuse(s))
      cache_.keep_states(s.held, s.computed, s.computed + w.count, s.prompt_length());
  }
  return work;
}

// Texts that an encoder reads, each as a whole, before anything is decoded: as many as a step holds, the shortest first.
std::vector<Work> Scheduler::texts_to_encode() const {
  std::vector<Work> work;
  int64_t left = limits_.rows;
  for (Sequence* s : prompts()) {
    if (!s->encodes() || s->request.encoded > left) continue;
    work.push_back({s, s->request.encoded, 0});
    left -= s->request.encoded;
  }
  return work;
}

// What of at most `rows` rows the sequence can have of the step, where `results` rows of results are left.
Work Scheduler::piece(Sequence& s, int64_t rows, int64_t& results) const {
  int64_t count = std::min(s.uncomputed(), rows);
  if (s.wants_each_row()) count = std::min(count, results);
  if (limits_.whole_texts && count < s.uncomputed()) return {&s, 0, 0};
  const bool whole = count == s.uncomputed();
  const int64_t outputs = s.wants_each_row() ? count : whole && (s.generates() || s.wants_last_row()) ? 1 : 0;
  if (s.wants_each_row()) results -= count;
  return {&s, count, outputs};
}

// The shortest first, so that those who can be done are; the others share a tenth of the rows until it is their turn.
void Scheduler::share_out(std::vector<Work>& work, std::span<Sequence* const> reading, int64_t rows, int64_t& results) const {
  const auto others = std::ssize(reading) - 1;
  int64_t left = std::max(rows - std::ssize(work), std::ssize(reading));
  if (limits_.whole_texts) left = limits_.rows - std::ssize(work);
  const int64_t floor = others > 0 ? std::max<int64_t>(1, left / 10 / others) : 0;
  for (int64_t i = 0; i <= others; i++) {
    int64_t reserved = 0;  // for those behind
    for (int64_t j = i + 1; j <= others && !limits_.whole_texts; j++)
      reserved += std::min(floor, reading[static_cast<size_t>(j)]->uncomputed());
    const Work w = piece(*reading[static_cast<size_t>(i)], left - std::min(reserved, left - 1), results);
    if (w.count <= 0) continue;
    left -= w.count;
    work.push_back(w);
    if (left == 0) break;
  }
}

// Guesses have the rows that nobody else needs, in equal shares.
void Scheduler::add_drafts(std::vector<Work>& work, int64_t rows, int64_t results) const {
  for (const Work& w : work) rows -= w.count;
  const auto guessed = [](const Work& w) { return w.outputs == 1 && w.sequence->uncomputed() == 1 && !w.sequence->drafts.empty(); };
  int64_t among = std::count_if(work.begin(), work.end(), guessed);
  for (Work& w : work) {
    if (!guessed(w)) continue;
    const int64_t share = std::max<int64_t>(0, std::min(rows, results) / among--);
    w.resize(std::min(share, std::ssize(w.sequence->drafts)));
    rows -= w.drafts, results -= w.drafts;
  }
}

// The prompts to read on, shortest first. One whose next pages are being computed by an earlier one waits to share them.
std::vector<Sequence*> Scheduler::prompts() const {
  std::vector<Sequence*> reading;
  for (const auto& s : running_) {
    if (decodes(*s)) continue;
    const auto twin = [&](const Sequence* earlier) { return will_share(*s, *earlier); };
    const bool waits = may_reuse(*s) && s->computed % page == 0 && std::any_of(reading.begin(), reading.end(), twin);
    if (!waits) reading.push_back(s.get());
  }
  std::sort(reading.begin(), reading.end(),
            [](const Sequence* a, const Sequence* b) { return std::pair(a->uncomputed(), a->id) < std::pair(b->uncomputed(), b->id); });
  return reading;
}

// The next pages of both are the same, and what s needs behind one of them will be kept.
bool Scheduler::will_share(const Sequence& s, const Sequence& earlier) const {
  const int64_t first = s.computed / page;
  if (s.encodes()) return may_reuse(earlier) && earlier.encodes() && s.held.prefix == earlier.held.prefix && same_encoded(s, earlier);
  if (!may_reuse(earlier) || earlier.computed / page != first || s.held.prefix != earlier.held.prefix) return false;
  for (int64_t i = first; same_page(s, earlier, i); i++)
    if (cache_.keeps((i + 1) * page, earlier.prompt_length())) return true;
  return false;
}

Pace::Wait Scheduler::admit(int64_t soon) {
  copies_.clear();
  take_back();
  soon_ = soon;
  while (!waiting_.empty() && std::ssize(running_) < limits_.sequences) {
    Sequence& s = *waiting_.front();
    if (take_pages(s)) {
      move_first(waiting_, running_);
      continue;
    }
    if (running_.empty()) s.fail(Error(Code::internal, Literal{"a request does not fit an empty cache"}));
    break;
  }
  bool goes_on = false;
  for (const auto& s : running_) {
    if (s->began_with == 0 && s->length() > s->prompt_length()) s->began_with = running_.back()->id;
    goes_on = goes_on || (s->length() > s->prompt_length() && !holds(*s));
  }
  return goes_on ? Pace::token : running_.size() + waiting_.size() <= 1 ? Pace::alone : Pace::others;
}

// The known beginning, and where all of a text's pages are kept, those of the rest; all or none. Leaves a page for each that runs, so that
// a request is not admitted only to be sent back at once.
bool Scheduler::take_pages(Sequence& s) {
  copies_.reserve(copies_.size() + most_groups);
  found_.clear();
  if (may_reuse(s)) s.computed = cache_.begin(s.held, s.tokens, worth_copying, found_);
  s.reused = s.computed;
  bool fits = true;
  for (size_t g = 0; g < cache_.groups(); g++) {
    const int64_t all = (s.length() + page - 1) / page, reach = cache_.reach(g);
    // Of a window's pages some may be held already; alone, a request has all that there are.
    const int64_t needed = reach == 0 ? all - std::ssize(s.held.pages[g]) : running_.empty() ? 0 : std::min(all, window_pages(reach));
    fits = fits && cache_.available(g) >= needed + std::ssize(running_);
  }
  s.awaits_copy = !found_.empty();
  if (!fits || !cache_.grow(s.held, s.length(), true)) {
    give_back(s);
    return false;
  }
  for (const Cache::Copy& c : found_) copies_.push_back({&s, c.group, c.from, c.to});
  return true;
}

// Pages that others computed since it was admitted.
void Scheduler::adopt(Sequence& s) {
  if (!may_reuse(s) || s.computed % page != 0) return;
  const int64_t known = cache_.match(s.held, s.tokens, s.computed);
  s.computed += known;
  s.reused += known;
}

// Pages for every row of the step, earliest requests first. Who has to give its own back computes nothing in it.
void Scheduler::make_room(std::vector<Work>& work) {
  std::sort(work.begin(), work.end(), [](const Work& a, const Work& b) { return a.sequence->id < b.sequence->id; });
  for (size_t i = 0; i < work.size();) {
    Sequence& s = *work[i].sequence;
    if (cache_.grow(s.held, s.computed + work[i].count, false)) {
      i++;
      continue;
    }
    if (work[i].drafts > 0) {
      work[i].resize(0);
      continue;
    }
    const Sequence* last = running_.back().get();
    preempt_last();
    std::erase_if(work, [&](const Work& w) { return w.sequence == last; });
  }
}

void Scheduler::preempt_last() {
  Sequence& s = *running_.back();
  std::erase_if(copies_, [&](const PageCopy& c) { return c.sequence == &s; });
  give_back(s);
  Queue last;
  last.splice(last.end(), running_, std::prev(running_.end()));
  move_first(last, waiting_);
}

// What a damaged request computed is not kept, nor what was still to be copied.
void Scheduler::give_back(Sequence& s) noexcept {
  if (s.damaged()) cache_.withdraw(s.held);
  const int64_t known = s.damaged() || limits_.whole_texts ? 0 : s.awaits_copy ? s.computed / page * page : s.computed;
  cache_.give_back(s.held, s.tokens, known);
  s.computed = 0;
  s.awaits_copy = false;
}

void Scheduler::copied() noexcept {
  for (const PageCopy& c : copies_) c.sequence->awaits_copy = false;
  copies_.clear();
}

void Scheduler::computed(const Work& work, int64_t count) {
  Sequence& s = *work.sequence;
  const int64_t end = s.encodes() ? s.held.whole : s.computed + count;
  if (work.drafts > 0) cache_.cut(s.held, end);
  if (!limits_.whole_texts) cache_.publish(s.held, s.tokens, s.computed, end);
  s.computed = end;
}

// Who has said a banned string gives back what it holds, and goes on from before it when it is admitted again.
void Scheduler::take_back() {
  for (auto at = running_.begin(); at != running_.end();) {
    const auto next = std::next(at);
    if ((*at)->takes_back()) {
      give_back(**at);
      Queue one;
      one.splice(one.end(), running_, at);
      move_first(one, waiting_);
    }
    at = next;
  }
  for (const auto& s : waiting_) {
    if (!s->takes_back()) continue;
    try {
      s->take_back();
    } catch (...) {
      s->fail(current_error());
    }
  }
}

bool Scheduler::asks() const noexcept {
  bool any = false;
  for_each([&](const Sequence& s) { any = any || s.asks(); });
  return any;
}

bool Scheduler::waits_for_mask() const noexcept {
  bool any = false;
  for_each([&](const Sequence& s) { any = any || s.waits_for_mask(); });
  return any;
}

void Scheduler::take_finished(Queue& into) noexcept {
  for (Queue* queue : {&running_, &waiting_})
    for (auto at = queue->begin(); at != queue->end();) {
      const auto next = std::next(at);
      if ((*at)->finished()) {
        give_back(**at);
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
