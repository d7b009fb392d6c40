// The part of a pass that one backend computes: layers [first, last), with the token table before and the head after where it has
// them. A model on one backend is one stage; one that a device and the CPU share is several, and the rows cross between them.
#pragma once
#include <algorithm>
#include <functional>
#include <map>
#include <memory>
#include <vector>

#include "core/backend.h"
#include "core/model.h"
#include "model/loader.h"

namespace lt::engine {

struct BatchSize {
  int64_t rows, sequences, outputs;  // of a step at most
  int64_t pages;                     // of the cache
  Type cache;                        // of keys and values

  int64_t splits() const { return HostSplits::bound(rows, pages * Kv::page_size); }  // of attention's work list
  // Numbers that describe the rows of a step.
  int64_t described() const { return 3 * rows + sequences * pages + outputs + 2 * splits() + std::min(rows, HostSplits::most_rows); }
};

// What the rows of a step are, in host memory.
struct HostRows {
  std::vector<int32_t> ids, positions, sequences, pages, outputs;  // pages: BatchSize::pages a sequence
  std::vector<int32_t> copies;                                     // pages to be copied first, in order: from, to, from, to, ...
  std::vector<Span> spans;

  bool decodes() const { return spans.size() == ids.size() && outputs.size() == ids.size(); }  // one row, and its logits, of each
};

class Stage {
 public:
  // part.last: at most the model's number of layers.
  Stage(Backend& backend, const Model& model, const model::Section& part, const BatchSize& size);

  // Bytes of what the constructor allocates.
  static uint64_t kv_bytes(const Shape& shape, const BatchSize& size, int64_t layers);
  static uint64_t row_bytes(const Shape& shape, const BatchSize& size);

  void describe(const HostRows& rows);
  void copy_page(int32_t from, int32_t to);  // of all layers
  // Rows of x (n, width) as the stage before left them.
  void enter(std::span<const float> x);
  // Asks `interrupted` between layers; false: it was.
  bool run(const std::function<bool()>& interrupted);
  void leave(std::span<float> x);
  // Of an output of the last run: vocabulary values, valid until the next.
  std::span<const float> logits(int64_t output);

 private:
  void layer(Ops& ops, int64_t i, Tensor x, const Rows& rows) const;
  // Asks `interrupted` between layers, where there is one; false: it was.
  bool pass(Ops& ops, const Rows& rows, const std::function<bool()>& interrupted) const;
  Rows largest() const;
  Plan* plan();

  Backend& backend_;
  const Model& model_;
  model::Section section_;
  std::vector<Kv> layers_;
  Tensor x_, logits_;  // (rows, width), (outputs, vocabulary)
  Tensor ids_, positions_, sequences_, pages_, outputs_, entries_, firsts_;
  Rows rows_;  // of this step
  std::vector<Span> spans_;
  HostSplits splits_;
  bool decodes_ = false, logits_read_ = false;
  std::vector<float> host_logits_;  // of all outputs, from a device
  std::vector<char> host_page_;     // of a layer's keys or values, between two pages of a device

  // A decode of so many rows with so many entries of attention's work list; where they lie is the same for all.
  struct Bucket {
    int64_t rows, entries;
    auto operator<=>(const Bucket&) const = default;
  };
  struct Recorded {
    std::vector<Span> spans;
    std::unique_ptr<Plan> plan;
    uint64_t used = 0;  // the step
  };
  static constexpr size_t most_plans = 32;  // each holds memory of the device: the one that was not used for longest goes
  std::map<Bucket, Recorded> plans_;
  uint64_t steps_ = 0;
  bool records_;
};

}  // namespace lt::engine
