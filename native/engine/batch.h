// What a step computes on: the cache, the tensors that describe its rows, and the pass through the model's layers.
#pragma once
#include <functional>
#include <vector>

#include "core/backend.h"
#include "core/model.h"
#include "engine/scheduler.h"

namespace lt::engine {

struct BatchSize {
  int64_t rows, sequences, outputs;  // of a step at most
  int64_t pages;                     // of the cache
  Type cache;                        // of keys and values
};

class Batch {
 public:
  Batch(Backend& backend, const Model& model, const BatchSize& size);

  // Bytes of what the constructor allocates: both without a backend, so that a load can be refused beforehand.
  static uint64_t kv_bytes(const Shape& shape, const BatchSize& size);
  static uint64_t row_bytes(const Shape& shape, const BatchSize& size);

  // Asks `interrupted` between layers; false: it was, and the step counts for nothing.
  bool run(std::span<const Work> work, const std::function<bool()>& interrupted);
  // Of the outputs of the last run, counted in the order of its work.
  std::span<const float> logits(int64_t output);
  const BatchSize& size() const { return size_; }

 private:
  void describe(std::span<const Work> work);
  Rows write();

  Backend& backend_;
  const Model& model_;
  BatchSize size_;
  std::vector<Kv> layers_;
  Tensor x_, logits_;  // (rows, width), (outputs, vocabulary)
  Tensor ids_, positions_, sequences_, pages_, outputs_;
  std::vector<int32_t> host_ids_, host_positions_, host_sequences_, host_pages_, host_outputs_;
  std::vector<Span> spans_;
  std::vector<float> host_logits_;  // one row
};

}  // namespace lt::engine
