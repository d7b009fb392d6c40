#include "engine/placement.h"

#include <algorithm>
#include <numeric>

#include "core/available.h"
#include "core/sizing.h"
#include "engine/batch.h"
#include "engine/pages.h"
#include "model/model.h"

namespace lt::engine {
namespace {

std::string megabytes(uint64_t bytes) { return std::to_string((bytes + (1u << 20) - 1) >> 20) + " MB"; }

const BackendEntry* entry_of(std::string_view name) {
  for (const BackendEntry& b : backends())
    if (b.name == name.substr(0, name.find(':'))) return &b;
  return nullptr;
}

// The first device that is one, else the CPU.
std::string best_backend() {
  if (!shows_gpu()) return "cpu";
  for (const BackendEntry& b : backends()) {
    if (!b.survey || b.for_tests) continue;
    const std::vector<Device> devices = b.survey().devices;
    const auto real = std::find_if(devices.begin(), devices.end(), [](const Device& d) { return !d.software; });
    if (real != devices.end()) return std::string(b.name) + ":" + std::to_string(real - devices.begin());
  }
  return "cpu";
}

// weights_there: they were read into memory already.
void check_host(const MemoryInfo& m, const BatchSize& size, bool weights_there) {
  const uint64_t available = available_memory() + (weights_there ? m.weights : 0), needed = m.weights + m.kv + m.scratch + m.tables;
  if (needed <= available) return;
  std::string advice = "; use a smaller model";
  const auto context = size.pages * page;
  const uint64_t fixed = needed - m.kv, position = m.kv / static_cast<uint64_t>(context);
  if (fixed < available && position > 0) {
    const auto fits = static_cast<int64_t>((available - fixed) / position) / page * page;
    if (fits > 0) advice = "; try contextTokens " + std::to_string(std::min(fits, context - 1)) + " or a smaller model";
  }
  throw Error(Code::memory, "the model needs " + megabytes(needed) + " (" + megabytes(m.weights) + " for weights, " + megabytes(m.kv) +
                                " for the cache of " + std::to_string(context) + " tokens, " + megabytes(m.scratch + m.tables) +
                                " to compute with), " + megabytes(available) + " are available" + advice);
}

// Bytes of a file's weights: of each layer, of the token table, of the head without it.
struct WeightBytes {
  std::vector<uint64_t> layers;
  uint64_t embed = 0, head = 0;

  WeightBytes(const gguf::File& file, int64_t count) : layers(static_cast<size_t>(count)) {
    for (const gguf::HostTensor& t : file.tensors()) {
      const auto layer = model::layer_of(t.name);
      if (layer && *layer < count)
        layers[static_cast<size_t>(*layer)] += t.bytes;
      else
        (t.name.starts_with("token_embd.") ? embed : head) += t.bytes;
    }
  }
};

class Placing {
 public:
  Placing(const gguf::File& file, const EngineOptions& options, std::function<BatchSize(const Shape&)> size_of, uint64_t tables,
          Ranks* ranks)
      : file_(file), options_(options), size_of_(std::move(size_of)), ranks_(ranks) {
    placed_.memory.weights = file.tensor_bytes();
    placed_.memory.tables = tables;
  }

  Placement on_host(const std::string& name) {
    open(name, options_.isa);
    load(0, {});
    const Shape s = placed_.shape;
    count_host(s.layers, true);
    check_host(placed_.memory, placed_.size, !file_.mapped());
    reserve_host(0);
    stage(0, {0, s.layers, true, true});
    placed_.backend = placed_.sides[0].backend->description();
    placed_.threads = placed_.sides[0].backend->threads();
    return std::move(placed_);
  }

  Placement on_device(const std::string& name) {
    DeviceShare split = asked(name);
    for (;;) {
      if (split.layers == 0 && !split.all) {
        placed_.sides.clear();
        EngineOptions host = options_;
        host.isa.clear();
        return Placing(file_, host, size_of_, placed_.memory.tables, ranks_).on_host("cpu");
      }
      try {
        return shared(name, split);
      } catch (const Error& e) {
        // The driver's figure was not all of the truth.
        if (e.code() != Code::memory || options_.gpu_layers != EngineOptions::fit_layers || !on_device_failed_) throw;
        placed_.stages.clear();
        placed_.sides.clear();
        split = {split.layers * 3 / 4, false};
      }
    }
  }

 private:
  void open(const std::string& name, const std::string& isa) {
    if (ranks_ && placed_.sides.empty()) ranks_->forget_weights();
    const auto with = [&](int threads) { return open_backend(name, {threads, isa}); };
    std::unique_ptr<Backend> opened = ranks_ ? ranks_->open(options_.threads, with) : with(options_.threads);
    placed_.sides.push_back({options_.wrap ? options_.wrap(std::move(opened)) : std::move(opened), nullptr});
  }

  void load(size_t side, const model::Section& part) {
    Side& s = placed_.sides[side];
    s.model = model::load(file_, *s.backend, part, ranks_ ? &ranks_->division() : nullptr);
    if (ranks_) placed_.memory.weights = ranks_->division().weights();
    placed_.shape = s.model->shape();
    placed_.size = size_of_(placed_.shape);
    needs_ = measure(*s.model, placed_.size.rows, placed_.size.outputs).needs();
  }

  void stage(size_t side, const model::Section& part) {
    const Side& s = placed_.sides[side];
    placed_.stages.emplace_back(*s.backend, *s.model, part, placed_.size);
  }

  // What the host's side takes of memory for `layers` layers.
  void count_host(int64_t layers, bool computes) {
    placed_.memory.kv = Stage::kv_bytes(placed_.shape, placed_.size, layers);
    placed_.memory.scratch = Batch::host_bytes(placed_.size);
    if (!computes)
      placed_.memory.scratch += static_cast<uint64_t>(4 * placed_.size.outputs * placed_.shape.vocabulary);  // the logits, read back
    else
      placed_.memory.scratch += Stage::row_bytes(placed_.shape, placed_.size) + needs_.scratch + needs_.matmul_input;
  }

  // What the backend really takes, in place of what was reckoned.
  void reserve_host(size_t side) {
    placed_.memory.scratch += placed_.sides[side].backend->reserve(needs_) - needs_.scratch - needs_.matmul_input;
  }

  // The split that the options ask for, or that fits.
  DeviceShare asked(const std::string& name) {
    open(name, options_.isa);
    load(0, {0, 0, false, false});  // shapes alone
    const int64_t count = placed_.shape.layers, wanted = options_.gpu_layers;
    const WeightBytes weights(file_, count);
    const uint64_t kv = Stage::kv_bytes(placed_.shape, placed_.size, 1);
    std::vector<uint64_t> layers;
    for (const uint64_t bytes : weights.layers) layers.push_back(bytes + kv);
    const uint64_t ends = weights.embed + weights.head;
    const uint64_t fixed = Stage::row_bytes(placed_.shape, placed_.size) + needs_.scratch + 2 * needs_.matmul_input;
    const auto free = placed_.sides[0].backend->free_memory();
    if (wanted == EngineOptions::fit_layers) return free ? fit(*free, layers, ends, fixed) : DeviceShare{count, true};
    const DeviceShare split{wanted == EngineOptions::all_layers ? count : std::min(wanted, count),
                            wanted == EngineOptions::all_layers || wanted > count};
    const uint64_t needed = std::accumulate(layers.end() - split.layers, layers.end(), fixed) + (split.all ? ends : 0);
    if (!free || needed <= *free) return split;
    const DeviceShare fits = fit(*free, layers, ends, fixed);
    throw Error(Code::memory, name + ": " + std::to_string(split.layers) + " layers need " + megabytes(needed) +
                                  " of the device's memory, " + megabytes(*free) + " are free; use gpuLayers " +
                                  std::to_string(fits.layers) + ", or 'auto' for what fits");
  }

  Placement shared(const std::string& name, const DeviceShare& split) {
    on_device_failed_ = true;
    if (placed_.sides.empty()) open(name, options_.isa);
    Backend& device = *placed_.sides[0].backend;
    load(0, {placed_.shape.layers - split.layers, placed_.shape.layers, split.all, split.all});
    const int64_t count = placed_.shape.layers, first = count - split.layers;
    placed_.memory.device = device.reserve(needs_) + Stage::row_bytes(placed_.shape, placed_.size) +
                            Stage::kv_bytes(placed_.shape, placed_.size, split.layers) + device_weights(split);
    Stage middle(device, *placed_.sides[0].model, {first, count, split.all, split.all}, placed_.size);
    on_device_failed_ = false;
    if (split.all) {
      placed_.stages.push_back(std::move(middle));
      count_host(0, false);
    } else {
      open("cpu", "");
      load(1, {0, first, true, true});
      count_host(first, true);
      check_host(placed_.memory, placed_.size, !file_.mapped());
      reserve_host(1);
      stage(1, {0, first, true, false});
      placed_.stages.push_back(std::move(middle));
      stage(1, {count, count, false, true});
      placed_.threads = placed_.sides[1].backend->threads();
    }
    placed_.device_layers = split.layers;
    placed_.backend = device.description();
    if (!split.all)
      placed_.backend +=
          " for " + std::to_string(split.layers) + " of " + std::to_string(count) + " layers, " + placed_.sides[1].backend->description();
    return std::move(placed_);
  }

  uint64_t device_weights(const DeviceShare& split) const {
    const WeightBytes w(file_, placed_.shape.layers);
    return std::accumulate(w.layers.end() - split.layers, w.layers.end(), uint64_t{0}) + (split.all ? w.embed + w.head : 0);
  }

  const gguf::File& file_;
  const EngineOptions& options_;
  std::function<BatchSize(const Shape&)> size_of_;
  Ranks* ranks_;
  Placement placed_;
  Needs needs_;
  bool on_device_failed_ = false;  // while memory is asked of the device
};

}  // namespace

DeviceShare fit(uint64_t free, const std::vector<uint64_t>& layers, uint64_t ends, uint64_t fixed) {
  const uint64_t spare = (64u << 20) + free / 32;  // for the driver, and for what allocations waste
  if (free <= fixed + spare) return {};
  uint64_t left = free - fixed - spare;
  DeviceShare split;
  for (auto layer = layers.rbegin(); layer != layers.rend() && *layer <= left; ++layer, split.layers++) left -= *layer;
  split.all = split.layers == std::ssize(layers) && ends <= left;
  return split;
}

Placement place(const gguf::File& file, const EngineOptions& options, const std::function<BatchSize(const Shape&)>& size_of,
                uint64_t tables, Ranks* ranks) {
  const bool any = options.backend == "auto";
  const std::string name = any ? best_backend() : options.backend;
  const BackendEntry* entry = entry_of(name);
  Placing placing(file, options, size_of, tables, ranks);
  if (entry && entry->survey) return placing.on_device(name);
  if (options.gpu_layers > 0 || options.gpu_layers == EngineOptions::all_layers)
    throw Error(Code::device, "gpuLayers: expected a device to put layers on, found " +
                                  (any ? std::string("none that can be used here") : "backend " + name) +
                                  "; leave gpuLayers out, or name a backend of a device");
  return placing.on_host(name);
}

}  // namespace lt::engine
