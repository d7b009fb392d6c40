// Where a model is computed: all on one backend, or the last layers on a device and the others, and experts, on the CPU.
#pragma once
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "engine/batch.h"
#include "engine/engine.h"
#include "engine/ranks.h"
#include "engine/stage.h"
#include "model/adapters.h"

namespace lt::engine {

// A backend, and the model object whose weights are placed on it.
struct Side {
  std::unique_ptr<Backend> backend;
  std::unique_ptr<Model> model;
};

// What a device computes: the last `layers`, with the head and the token table if all.
struct DeviceShare {
  int64_t layers = 0;
  bool all = false;
};

struct Placement {
  std::vector<Side> sides;    // where there is a device, it is the first
  std::vector<Stage> stages;  // of each side
  std::vector<Batch::Turn> order;
  Shape shape;
  BatchSize size;
  std::string backend;  // for people
  int threads = 1;      // of the host
  int64_t device_layers = 0;
  MemoryInfo memory{};

  const Readout* readout() const { return sides.front().model->readout(); }
};

// size_of: the sizes of a step for a model's shape; tables: bytes of host memory that others take; ranks: of which this is one, or
// null; adapters: as options name them. Throws Code::argument, Code::device, and Code::memory with the figures before anything large is
// allocated.
Placement place(const gguf::File& file, const EngineOptions& options, const std::function<BatchSize(const Shape&)>& size_of,
                uint64_t tables, Ranks* ranks, const std::vector<model::AdapterFile>& adapters);

// The layers for which a device has room. Bytes: free on the device; of each layer with its cache; of the head and the token
// table; of what a pass takes besides.
DeviceShare fit(uint64_t free, const std::vector<uint64_t>& layers, uint64_t ends, uint64_t fixed);

}  // namespace lt::engine
