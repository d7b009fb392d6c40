// What a step computes: the rows of the work that the scheduler planned, through all stages.
#pragma once
#include <algorithm>
#include <functional>
#include <vector>

#include "engine/adapted.h"
#include "engine/scheduler.h"
#include "engine/stage.h"

namespace lt::engine {

class Batch {
 public:
  // A segment of a stage, by their numbers.
  struct Turn {
    size_t stage, segment;
  };
  // order: of all segments, the last has the head. shape: of the model.
  Batch(std::vector<Stage> stages, std::vector<Turn> order, const Shape& shape, const BatchSize& size);

  // Beside the stages.
  static uint64_t host_bytes(const Shape& shape, const BatchSize& size) { return static_cast<uint64_t>(4 * size.described(shape)); }

  // Copies pages, then asks `interrupted` between layers; false: it was, and the step counts for nothing but the copies.
  using Ask = std::function<bool()>;
  bool run(std::span<const Work> work, std::span<const Scheduler::PageCopy> copies, const Ask& interrupted);
  bool run(HostRows rows, const Ask& interrupted);  // as another rank planned them
  // Runs each planned step's pass, telling other ranks of its rows.
  using Lead = std::function<bool(const HostRows& rows, const Ask& interrupted, const std::function<bool(const Ask&)>& pass)>;
  void led_by(Lead lead) { lead_ = std::move(lead); }
  // Of the outputs of the last run, counted in the order of its work; valid until the next.
  std::span<const float> logits(int64_t output) { return last().logits(output); }
  std::span<const float> hidden(int64_t output) { return last().hidden(output); }
  const BatchSize& size() const { return size_; }
  void limit_states(int64_t slots) { size_.cache.states = std::min(size_.cache.states, slots); }

 private:
  void describe(std::span<const Work> work, std::span<const Scheduler::PageCopy> copies);
  void add_given(const Request& r, int32_t place, int32_t row);
  void describe_pages(std::span<const Work> work);
  void describe_adapters(std::span<const Work> work);
  void check() const;
  bool pass(const Ask& interrupted);
  Stage& last() { return stages_[order_.back().stage]; }

  std::vector<Stage> stages_;
  std::vector<Turn> order_;
  BatchSize size_;
  int64_t carried_, axes_, vocabulary_;
  bool looks_ahead_, types_;
  HostRows rows_;
  std::vector<AdaptedRow> adapted_, adapted_outputs_;
  std::vector<float> x_;  // rows between two stages
  Lead lead_;
};

}  // namespace lt::engine
