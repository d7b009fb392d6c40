#include "engine/placement.h"

#include <algorithm>
#include <numeric>
#include <tuple>
#include <utility>

#include "core/available.h"
#include "core/sizing.h"
#include "engine/batch.h"
#include "model/model.h"

namespace lt::engine {
namespace {

std::string megabytes(uint64_t bytes) { return std::to_string((bytes + (1u << 20) - 1) >> 20) + " MB"; }

const BackendEntry* entry_of(std::string_view name) {
  for (const BackendEntry& b : backends())
    if (b.name == name.substr(0, name.find(':'))) return &b;
  return nullptr;
}

// Numbers of a row's results.
int64_t results(const Shape& s) { return s.width + (s.head ? s.vocabulary : 0); }

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
  const uint64_t available = available_memory() + (weights_there ? m.weights : 0),
                 needed = m.weights + m.adapters + m.kv + m.states + m.scratch + m.tables;
  if (needed <= available) return;
  std::string advice = "; use a smaller model";
  const auto context = size.pages() * page;
  const uint64_t fixed = needed - m.kv, position = m.kv / static_cast<uint64_t>(context);
  if (fixed < available && position > 0) {
    const auto fits = static_cast<int64_t>((available - fixed) / position) / page * page;
    if (fits > 0) advice = "; try contextTokens " + std::to_string(std::min(fits, context - 1)) + " or a smaller model";
  }
  if (m.states > needed / 8) advice += ", or a smaller maxSequences";
  throw Error(Code::memory, "the model needs " + megabytes(needed) + " (" + megabytes(m.weights + m.adapters) + " for weights, " +
                                megabytes(m.kv) + " for the cache of " + std::to_string(context) + " tokens, " +
                                megabytes(m.states + m.scratch + m.tables) + " to compute with), " + megabytes(available) +
                                " are available" + advice);
}

// No layer is cut off from one whose keys and values it reads: so many of the last ones at most.
int64_t last_layers(const Shape& s, int64_t wanted) {
  for (;; wanted--) {
    const int64_t first = s.count() - wanted;
    const auto cut = [&](int64_t i) { return s.layer(i).kv_of >= 0 && s.layer(i).kv_of < first; };
    int64_t i = first;
    while (i < s.count() && !cut(i)) i++;
    if (i == s.count()) return wanted;
  }
}

class Placing {
 public:
  Placing(const gguf::File& file, const EngineOptions& options, std::function<BatchSize(const Shape&)> size_of, uint64_t tables,
          Ranks* ranks, const std::vector<model::AdapterFile>& adapters)
      : file_(file), options_(options), size_of_(std::move(size_of)), ranks_(ranks), adapters_(adapters) {
    placed_.memory.weights = file.tensor_bytes();
    placed_.memory.tables = tables;
  }

  Placement on_host(const std::string& name) {
    open(name, options_.isa);
    load(0, {});
    const Shape s = placed_.shape;
    count_host(s.count(), true);
    check_host(placed_.memory, placed_.size, !file_.mapped());
    reserve_host(0);
    placed_.stages.emplace_back(*placed_.sides[0].backend, *placed_.sides[0].model, std::vector<Segment>{{{}, {s.count()}, true, true}},
                                placed_.size);
    placed_.order = {{0, 0}};
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
        return Placing(file_, host, size_of_, placed_.memory.tables, ranks_, adapters_).on_host("cpu");
      }
      try {
        return shared(name, split);
      } catch (const Error& e) {
        // The driver's figure was not all of the truth.
        if (e.code() != Code::memory || options_.gpu_layers != EngineOptions::fit_layers || !on_device_failed_) throw;
        placed_.stages.clear();
        placed_.order.clear();
        placed_.sides.clear();
        split = {last_layers(placed_.shape, split.layers * 3 / 4), false};
      }
    }
  }

 private:
  void open(const std::string& name, const std::string& isa) {
    if (ranks_ && placed_.sides.empty()) ranks_->forget_weights();
    const auto with = [&](int threads) { return open_backend(name, {threads, isa}); };
    // Ranks of one machine would measure one another, and what is wrapped cannot be asked.
    const int threads = ranks_ || options_.wrap ? std::max(0, options_.threads) : options_.threads;
    std::unique_ptr<Backend> opened = ranks_ ? ranks_->open(threads, with) : with(threads);
    placed_.sides.push_back({options_.wrap ? options_.wrap(std::move(opened)) : std::move(opened), nullptr});
  }

  void load(size_t side, const model::Section& part) {
    Side& s = placed_.sides[side];
    weights_ = {};
    model::Section section = part;
    section.context = options_.context_tokens ? options_.context_tokens : EngineOptions::default_context;
    section.adapters = &adapters_;
    section.encoder = options_.encoder;
    s.model = model::load(file_, *s.backend, section, ranks_ ? &ranks_->division() : nullptr, &weights_);
    placed_.memory.adapters = weights_.adapters;
    if (ranks_) placed_.memory.weights = ranks_->division().weights() - std::min(ranks_->division().weights(), weights_.adapters);
    placed_.shape = s.model->shape();
    placed_.size = size_of_(placed_.shape);
    needs_ = measure(*s.model, placed_.size.rows, placed_.size.outputs, placed_.size.adapters).needs();
  }

  bool experts_on_host(int64_t layer) const {
    const std::vector<int64_t>& l = options_.cpu_experts;
    return std::any_of(l.begin(), l.end(), [&](int64_t i) { return i == layer || i == EngineOptions::every_layer; });
  }

  // Where a device's layers begin at `first`, and it has embeddings and head if `ends`: what each side computes, and in which order.
  std::vector<std::vector<Segment>> segments(int64_t first, bool ends) {
    std::vector<std::vector<Segment>> of(2);
    const Model& model = *placed_.sides[0].model;
    const auto on = [&](size_t side, Seam at) -> Segment& {
      if (placed_.order.empty() || placed_.order.back().stage != side) {
        placed_.order.push_back({side, of[side].size()});
        of[side].push_back({at, at});
      }
      return of[side].back();
    };
    const int64_t count = placed_.shape.count();
    const size_t outer = ends ? device_side : host_side;
    on(outer, {}).embed = true;
    for (int64_t i = 0; i < count; i++)
      for (int64_t p = 0; p < model.parts(i); p++) {
        const bool host = i < first || (model.apart(i, p) && experts_on_host(i));
        on(host ? host_side : device_side, {i, p}).last = p + 1 < model.parts(i) ? Seam{i, p + 1} : Seam{i + 1, 0};
      }
    on(outer, {count}).head = true;
    return of;
  }

  // What layers [first, last) keep of sequences.
  std::pair<uint64_t, uint64_t> kept(int64_t first, int64_t last) const {
    uint64_t kv = 0, states = 0;
    for (int64_t i = first; i < last; i++) {
      kv += Stage::kv_bytes(placed_.shape, placed_.size, i);
      states += Stage::state_bytes(placed_.shape, placed_.size, i);
    }
    return {kv, states};
  }

  // What the host's side takes of memory for the first `layers` layers.
  void count_host(int64_t layers, bool computes) {
    std::tie(placed_.memory.kv, placed_.memory.states) = kept(0, layers);
    placed_.memory.scratch = Batch::host_bytes(placed_.shape, placed_.size);
    if (!computes)
      placed_.memory.scratch += static_cast<uint64_t>(4 * placed_.size.outputs * results(placed_.shape));  // read back
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
    const int64_t count = placed_.shape.count(), wanted = options_.gpu_layers;
    std::vector<uint64_t> layers;
    for (int64_t i = 0; i < count; i++) {
      const auto [kv, states] = kept(i, i + 1);
      layers.push_back(device_weights(i) + kv + states);
    }
    check_experts();
    const uint64_t ends = weights_.embed + weights_.head;
    const uint64_t fixed = Stage::row_bytes(placed_.shape, placed_.size) + needs_.scratch + 2 * needs_.matmul_input;
    const auto free = placed_.sides[0].backend->free_memory();
    const auto fitting = [&] {
      DeviceShare split = fit(*free, layers, ends, fixed);
      split.layers = last_layers(placed_.shape, split.layers);
      return split;
    };
    if (wanted == EngineOptions::fit_layers) return free ? fitting() : DeviceShare{count, true};
    const DeviceShare split{last_layers(placed_.shape, wanted == EngineOptions::all_layers ? count : std::min(wanted, count)),
                            wanted == EngineOptions::all_layers || wanted > count};
    const uint64_t needed = std::accumulate(layers.end() - split.layers, layers.end(), fixed) + (split.all ? ends : 0);
    if (!free || needed <= *free) return split;
    throw Error(Code::memory, name + ": " + std::to_string(split.layers) + " layers need " + megabytes(needed) +
                                  " of the device's memory, " + megabytes(*free) + " are free; use gpuLayers " +
                                  std::to_string(fitting().layers) + ", or 'auto' for what fits");
  }

  Placement shared(const std::string& name, const DeviceShare& split) {
    on_device_failed_ = true;
    if (placed_.sides.empty()) open(name, options_.isa);
    Backend& device = *placed_.sides[0].backend;
    const int64_t count = placed_.shape.count(), first = count - split.layers;
    model::Section here{first, count, split.all, split.all}, there{0, first, !split.all, !split.all};
    for (int64_t i = 0; i < count; i++) {
      here.experts.push_back(i >= first && !experts_on_host(i));
      there.experts.push_back(!here.experts.back());
    }
    load(0, here);
    const auto [kv, states] = kept(first, count);
    placed_.memory.device =
        device.reserve(needs_) + Stage::row_bytes(placed_.shape, placed_.size) + kv + states + device_weights(first, split.all);
    const std::vector<std::vector<Segment>> of = segments(first, split.all);
    placed_.stages.emplace_back(device, *placed_.sides[0].model, of[device_side], placed_.size);
    on_device_failed_ = false;
    if (of[host_side].empty()) {
      count_host(0, false);
    } else {
      open("cpu", "");
      load(1, there);
      count_host(first, true);
      check_host(placed_.memory, placed_.size, !file_.mapped());
      reserve_host(1);
      placed_.stages.emplace_back(*placed_.sides[1].backend, *placed_.sides[1].model, of[host_side], placed_.size);
      placed_.threads = placed_.sides[1].backend->threads();
    }
    placed_.device_layers = split.layers;
    placed_.backend = device.description();
    if (!of[host_side].empty()) {
      const auto beyond = [&](const Segment& g) { return g.first != g.last && g.last > Seam{first, 0}; };
      const bool experts = std::any_of(of[host_side].begin(), of[host_side].end(), beyond);
      placed_.backend += " for " + std::to_string(split.layers) + " of " + std::to_string(count) + " layers" +
                         (experts ? ", without experts, " : ", ") + placed_.sides[1].backend->description();
    }
    return std::move(placed_);
  }

  static uint64_t at(const std::vector<uint64_t>& bytes, int64_t i) {
    return static_cast<size_t>(i) < bytes.size() ? bytes[static_cast<size_t>(i)] : 0;
  }

  // Of a layer, as the device holds it.
  uint64_t device_weights(int64_t i) const { return at(weights_.layers, i) + (experts_on_host(i) ? 0 : at(weights_.experts, i)); }

  uint64_t device_weights(int64_t first, bool ends) const {
    uint64_t all = ends ? weights_.embed + weights_.head : 0;
    for (int64_t i = first; i < placed_.shape.count(); i++) all += device_weights(i);
    return all;
  }

  void check_experts() const {
    if (options_.cpu_experts.empty()) return;
    const auto any = std::any_of(weights_.experts.begin(), weights_.experts.end(), [](uint64_t bytes) { return bytes > 0; });
    if (any) return;
    throw Error(Code::argument, "cpuExperts: expected a model whose layers have experts behind their attention, found " +
                                    std::string(file_.string("general.architecture").value_or("another")) + " without any; leave it out");
  }

  static constexpr size_t device_side = 0, host_side = 1;

  const gguf::File& file_;
  const EngineOptions& options_;
  std::function<BatchSize(const Shape&)> size_of_;
  Ranks* ranks_;
  const std::vector<model::AdapterFile>& adapters_;
  Placement placed_;
  model::WeightBytes weights_;
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
                uint64_t tables, Ranks* ranks, const std::vector<model::AdapterFile>& adapters) {
  const bool any = options.backend == "auto";
  const std::string name = any ? best_backend() : options.backend;
  const BackendEntry* entry = entry_of(name);
  Placing placing(file, options, size_of, tables, ranks, adapters);
  if (entry && entry->survey) return placing.on_device(name);
  if (options.gpu_layers > 0 || options.gpu_layers == EngineOptions::all_layers)
    throw Error(Code::device, "gpuLayers: expected a device to put layers on, found " +
                                  (any ? std::string("none that can be used here") : "backend " + name) +
                                  "; leave gpuLayers out, or name a backend of a device");
  return placing.on_host(name);
}

}  // namespace lt::engine
