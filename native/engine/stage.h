// What of a pass one backend computes, in segments: parts of layers that follow one another, with the token table before and the head
// after. A model on one backend is one stage of one segment; where a device and the CPU share it, each is a stage, and the rows cross
// between their segments.
#pragma once
#include <algorithm>
#include <functional>
#include <map>
#include <memory>
#include <utility>
#include <vector>

#include "core/backend.h"
#include "core/model.h"
#include "engine/cache.h"
#include "engine/rows.h"

namespace lt::engine {

// Where a segment begins and ends: before part `part` of layer `layer`.
struct Seam {
  int64_t layer = 0, part = 0;
  auto operator<=>(const Seam&) const = default;
};

struct Segment {
  Seam first, last;
  bool embed = false, head = false;

  int64_t end() const { return last.layer + (last.part > 0); }  // behind the last layer of which something is computed
  // Of layer i: [first, last).
  std::pair<int64_t, int64_t> parts(int64_t i, const Model& model) const {
    return {i == first.layer ? first.part : 0, i == last.layer ? last.part : model.parts(i)};
  }
};

struct BatchSize {
  int64_t rows, sequences, outputs;  // of a step at most
  CacheSize cache;
  Type type;  // of keys and values
  bool takes_embeddings = false;
  int64_t adapters = 0;  // that rows may have

  int64_t pages() const;                                                      // of one sequence at most: the widest table
  int64_t splits() const { return HostSplits::bound(rows, pages() * page); }  // of attention's work list
  int64_t described(const Shape& shape) const;                                // numbers that say what the rows of a step are
};

class Stage {
 public:
  // segments: in order, none empty of what it computes but that a head alone may be one.
  Stage(Backend& backend, const Model& model, std::vector<Segment> segments, const BatchSize& size);

  // Bytes of what the constructor allocates: a layer's keys and values, its states, and the rest.
  static uint64_t kv_bytes(const Shape& shape, const BatchSize& size, int64_t layer);
  static uint64_t state_bytes(const Shape& shape, const BatchSize& size, int64_t layer);
  static uint64_t row_bytes(const Shape& shape, const BatchSize& size);

  void describe(const HostRows& rows);
  void copy_page(size_t group, int32_t from, int32_t to);  // of the group's layers
  // Rows of x (n, carried) as the stage before left them.
  void enter(std::span<const float> x);
  // The segment; asks `interrupted` between layers; false: it was.
  bool run(size_t segment, const std::function<bool()>& interrupted);
  void leave(std::span<float> x);
  // Of an output of the last run, valid until the next: vocabulary values; width values.
  std::span<const float> logits(int64_t output) { return result(logits_, host_logits_, logits_read_, output); }
  std::span<const float> hidden(int64_t output) { return result(hidden_, host_hidden_, hidden_read_, output); }

 private:
  void allocate_memory(const BatchSize& size);
  // Asks `interrupted` between layers, where there is one; false: it was.
  bool pass(Ops& ops, const Segment& segment, const Rows& rows, bool logits, const std::function<bool()>& interrupted) const;
  Rows largest(const BatchSize& size) const;
  Tensor list(const std::vector<int32_t>& values, int64_t rows);
  AdaptedRows adapted(const HostAdapted& of, int64_t among);
  std::span<const float> result(const Tensor& of, std::vector<float>& host, bool& read, int64_t output);
  Plan* plan(size_t segment);

  Backend& backend_;
  const Model& model_;
  std::vector<Segment> segments_;
  std::vector<Kv> kv_;          // of all layers; those of others are empty
  std::vector<Tensor> states_;  // the same
  std::vector<bool> owns_;      // layers whose keys and values are their own
  Tensor x_, hidden_, logits_;  // (rows, carried), (outputs, width), (outputs, vocabulary)
  Tensor described_;            // i32: the lists of `rows_`, one behind the other
  std::vector<int32_t> lists_;  // as they are sent there
  Rows rows_;                   // of this step
  std::vector<Span> spans_;
  HostSplits splits_;
  int64_t splits_bound_;
  bool decodes_ = false, wants_logits_ = false, logits_read_ = false, hidden_read_ = false;
  std::vector<float> host_logits_, host_hidden_;  // of all outputs, from a device
  std::vector<char> host_page_;                   // of a layer's keys or values, between two pages of a device

  // A decode of so many rows, with so many entries of attention's work list, tables so wide, so many rows with so many adapters at most:
  // where its lists lie is the same for all.
  struct Bucket {
    int64_t rows, entries, pages, adapted, slots;
    auto operator<=>(const Bucket&) const = default;
  };
  struct Recorded {
    std::vector<Span> spans;
    std::vector<std::unique_ptr<Plan>> plans;  // by segment
    uint64_t used = 0;                         // the step
  };
  static constexpr size_t most_recorded = 32;  // each holds memory of the device: the one that was not used for longest goes
  std::map<Bucket, Recorded> plans_;
  uint64_t steps_ = 0;
  bool records_;
};

}  // namespace lt::engine
