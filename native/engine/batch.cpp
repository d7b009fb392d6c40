#include "engine/batch.h"

#include <algorithm>

namespace lt::engine {

Batch::Batch(std::vector<Stage> stages, const Shape& shape, const BatchSize& size)
    : stages_(std::move(stages)), size_(size), width_(shape.width) {}

void Batch::describe(std::span<const Work> work, std::span<const PageCopy> copies) {
  for (auto* v : {&rows_.ids, &rows_.positions, &rows_.sequences, &rows_.outputs, &rows_.copies}) v->clear();
  for (const PageCopy& c : copies) rows_.copies.insert(rows_.copies.end(), {c.from, c.to});
  rows_.spans.clear();
  rows_.pages.assign(work.size() * static_cast<size_t>(size_.pages), 0);
  for (size_t i = 0; i < work.size(); i++) {
    const auto& [s, count, outputs] = work[i];
    const auto first = std::ssize(rows_.ids);
    rows_.spans.push_back({first, count, static_cast<int64_t>(i)});
    for (int64_t r = 0; r < count; r++) {
      rows_.ids.push_back(s->tokens[static_cast<size_t>(s->computed + r)]);
      rows_.positions.push_back(static_cast<int32_t>(s->computed + r));
      rows_.sequences.push_back(static_cast<int32_t>(i));
      if (r >= count - outputs) rows_.outputs.push_back(static_cast<int32_t>(first + r));
    }
    std::copy(s->pages.begin(), s->pages.end(), rows_.pages.begin() + static_cast<int64_t>(i) * size_.pages);
  }
  check();
}

void Batch::check() const {
  if (std::ssize(rows_.ids) > size_.rows || std::ssize(rows_.spans) > size_.sequences || std::ssize(rows_.outputs) > size_.outputs)
    throw Error(Code::internal, "a step was planned larger than its memory");
}

bool Batch::run(std::span<const Work> work, std::span<const PageCopy> copies, const Ask& interrupted) {
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
    for (size_t i = 0; i + 1 < rows_.copies.size(); i += 2) s.copy_page(rows_.copies[i], rows_.copies[i + 1]);
  x_.resize(stages_.size() > 1 ? rows_.ids.size() * static_cast<size_t>(width_) : 0);
  for (size_t i = 0; i < stages_.size(); i++) {
    stages_[i].describe(rows_);
    if (i > 0) stages_[i].enter(x_);
    if (!stages_[i].run(interrupted)) return false;
    if (i + 1 < stages_.size()) stages_[i].leave(x_);
  }
  return true;
}

}  // namespace lt::engine
