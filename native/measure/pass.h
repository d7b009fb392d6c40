// Reads chunks of tokens at full prefill speed, without an engine's requests: several chunks are sequences of one batch, a chunk that is
// longer than a batch is read in pieces. Any backend, and layers shared between a device and the CPU, as for generating.
#pragma once
#include <functional>
#include <memory>
#include <span>
#include <string>

#include "engine/batch.h"
#include "engine/placement.h"

namespace lt::measuring {

// The rows of each chunk whose logits are wanted: [first, end).
struct Wanted {
  int64_t first = 0, end = 0;
};

class Pass {
 public:
  // Throws what loading a model throws, Code::argument for options out of range, Code::context where a chunk is longer than the model was
  // trained for.
  Pass(const gguf::File& file, const engine::EngineOptions& options, int64_t context, Wanted wanted);

  int64_t group() const { return group_; }  // chunks of a run at most
  const Shape& shape() const { return placed_.shape; }
  const std::string& backend() const { return placed_.backend; }
  int threads() const { return placed_.threads; }

  // Logits of the wanted rows of a step, all of the run's rows in order over its steps. They are gone after the call.
  using Seen = std::function<void(int64_t first, std::span<const std::span<const float>> logits)>;
  // `tokens`: of whole chunks, at most group(). Asks `interrupted` between layers; false: it was.
  bool run(std::span<const int32_t> tokens, const Seen& seen, const std::function<bool(double fraction)>& interrupted);

 private:
  // The next rows of one chunk.
  struct ChunkRows {
    int64_t chunk, first, count;
  };
  std::vector<ChunkRows> next_step(int64_t& at, int64_t end) const;
  engine::HostRows rows_of(std::span<const ChunkRows> pieces, std::span<const int32_t> tokens) const;
  int64_t wanted_of(const ChunkRows& piece) const;
  engine::BatchSize size_of(const engine::EngineOptions& options, const Shape& shape);

  int64_t context_, group_ = 1, pages_;  // pages_: of a chunk
  Wanted wanted_;
  engine::Placement placed_;
  std::unique_ptr<engine::Batch> batch_;
};

}  // namespace lt::measuring
