#include "engine/batch.h"

#include <algorithm>
#include <bit>
#include <cstring>

namespace lt::engine {
namespace {

// A row of a table of pages.
void add_pages(std::vector<int32_t>& table, std::span<const int32_t> pages, size_t width) {
  const size_t end = table.size() + width;
  for (const int32_t p : pages) table.push_back(std::max(p, 0));  // behind the window: any
  table.resize(end);
}

}  // namespace

Batch::Batch(std::vector<Stage> stages, std::vector<Turn> order, const Shape& shape, const BatchSize& size)
    : stages_(std::move(stages)),
      order_(std::move(order)),
      size_(size),
      carried_(shape.carried),
      axes_(shape.axes),
      vocabulary_(shape.vocabulary),
      looks_ahead_(shape.looks_ahead),
      types_(shape.types > 1) {}

void Batch::describe(std::span<const Work> work, std::span<const Scheduler::PageCopy> copies) {
  HostRows::each_list(rows_, [](std::vector<int32_t>& list) { list.clear(); });
  for (const Scheduler::PageCopy& c : copies) rows_.copies.insert(rows_.copies.end(), {static_cast<int32_t>(c.group), c.from, c.to});
  rows_.wants = {0, 0};
  rows_.starts.push_back(0);
  for (size_t i = 0; i < work.size(); i++) {
    const auto& [s, count, outputs, drafts] = work[i];
    const auto first = std::ssize(rows_.ids);
    for (int64_t r = 0; r < count; r++) {
      const auto at = static_cast<int32_t>(s->computed + r), place = s->encodes() ? at : at - static_cast<int32_t>(s->held.whole);
      const auto last_encoded = static_cast<int32_t>(s->request.encoded - 1);
      rows_.ids.push_back(s->token(at));
      rows_.places.push_back(place);
      rows_.turns.insert(rows_.turns.end(), static_cast<size_t>(axes_), place);
      rows_.sees.push_back(s->encodes() ? last_encoded : looks_ahead_ ? static_cast<int32_t>(s->length() - 1) : place);
      if (s->held.whole > 0 && !s->encodes()) rows_.across.push_back(last_encoded);
      if (types_) rows_.types.push_back(s->request.type_of(place));
      rows_.sequences.push_back(static_cast<int32_t>(i));
      rows_.writes.push_back(Cache::writes(s->held, place, r + 1 == count));
      add_given(s->request, place, static_cast<int32_t>(first + r));
      if (r >= count - outputs) rows_.outputs.push_back(static_cast<int32_t>(first + r));
    }
    rows_.reads.push_back(s->held.reads);
    rows_.starts.push_back(static_cast<int32_t>(std::ssize(rows_.ids)));
    if (outputs > 0) rows_.wants[s->request.embeds()] = 1;
  }
  describe_pages(work);
  if (size_.adapters > 0) describe_adapters(work);
  check();
}

void Batch::describe_adapters(std::span<const Work> work) {
  adapted_.clear(), adapted_outputs_.clear();
  int32_t row = 0, output = 0;
  for (const auto& [s, count, outputs, drafts] : work) {
    const std::span<const AdapterShare> shares = s->request.shares;
    for (int64_t r = 0; r < count; r++, row++) {
      if (!shares.empty()) adapted_.push_back({row, rows_.ids[static_cast<size_t>(row)], shares});
      if (r < count - outputs) continue;
      if (!shares.empty()) adapted_outputs_.push_back({output, 0, shares});
      output++;
    }
  }
  describe_adapted(rows_.adapted, adapted_, size_.adapters, vocabulary_, false);
  describe_adapted(rows_.adapted_outputs, adapted_outputs_, size_.adapters, vocabulary_, true);
}

// Row `row`, where the request gives an embedding for it.
void Batch::add_given(const Request& r, int32_t place, int32_t row) {
  const auto at = std::lower_bound(r.given_at.begin(), r.given_at.end(), place);
  if (at == r.given_at.end() || *at != place) return;
  rows_.given_at.push_back(row);
  const size_t width = r.given.size() / r.given_at.size(), before = rows_.given.size();
  rows_.given.resize(before + width);
  std::memcpy(&rows_.given[before], &r.given[static_cast<size_t>(at - r.given_at.begin()) * width], width * sizeof(float));
}

// Tables as wide as the longest sequence's, in powers of two, so that steps of nearly the same lengths can run one recording.
void Batch::describe_pages(std::span<const Work> work) {
  constexpr int64_t least = 8;
  size_t widest = 0;
  for (const Work& w : work)
    for (const auto& pages : w.sequence->held.pages) widest = std::max(widest, pages.size());
  const auto power = static_cast<int64_t>(std::bit_ceil(widest));
  const auto width = static_cast<size_t>(std::max(std::min(std::max(least, power), size_.pages()), static_cast<int64_t>(widest)));
  for (size_t g = 0; g < size_.cache.reach.size(); g++)
    for (const Work& w : work) {
      const Sequence& s = *w.sequence;
      const std::span<const int32_t> pages = s.held.pages[g];
      const auto encoded = static_cast<size_t>(s.held.whole / page);
      add_pages(rows_.pages[g], s.encodes() ? pages : pages.subspan(encoded), width);
      if (encoded > 0 && !s.encodes()) add_pages(rows_.across_pages, pages.first(encoded), width);
    }
}

void Batch::check() const {
  const auto beyond = [&](int32_t slot) { return slot >= size_.cache.states; };  // another rank's may be more
  if (std::any_of(rows_.reads.begin(), rows_.reads.end(), beyond) || std::any_of(rows_.writes.begin(), rows_.writes.end(), beyond))
    throw Error(Code::internal, "a step was planned with states that this rank has no memory for");
  if (rows_.count() > size_.rows || rows_.sequence_count() > size_.sequences || std::ssize(rows_.outputs) > size_.outputs)
    throw Error(Code::internal, "a step was planned larger than its memory");
}

bool Batch::run(std::span<const Work> work, std::span<const Scheduler::PageCopy> copies, const Ask& interrupted) {
  describe(work, copies);
  return lead_ ? lead_(rows_, interrupted, [this](const Ask& ask) { return pass(ask); }) : pass(interrupted);
}

bool Batch::run(HostRows rows, const Ask& interrupted) {
  rows_ = std::move(rows);
  check();
  return pass(interrupted);
}

bool Batch::pass(const Ask& interrupted) {
  for (Stage& s : stages_)
    for (size_t i = 0; i + 2 < rows_.copies.size(); i += 3)
      s.copy_page(static_cast<size_t>(rows_.copies[i]), rows_.copies[i + 1], rows_.copies[i + 2]);
  x_.resize(stages_.size() > 1 ? rows_.ids.size() * static_cast<size_t>(carried_) : 0);
  for (Stage& s : stages_) s.describe(rows_);
  for (size_t i = 0; i < order_.size(); i++) {
    Stage& s = stages_[order_[i].stage];
    if (i > 0) s.enter(x_);
    if (!s.run(order_[i].segment, interrupted)) return false;
    if (i + 1 < order_.size()) s.leave(x_);
  }
  return true;
}

}  // namespace lt::engine
