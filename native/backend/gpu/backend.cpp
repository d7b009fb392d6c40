#include "backend/gpu/backend.h"

#include "backend/gpu/kernels/weights.h"
#include "quant/type.h"

namespace lt::gpu::LT_GPU {
namespace {

class Recorded final : public Plan {
 public:
  using Memory = std::vector<std::shared_ptr<DeviceMemory>>;
  Recorded(Gpu& gpu, Graph graph, Memory memory) : gpu_(gpu), graph_(std::move(graph)), memory_(std::move(memory)) {}
  void run() override { gpu_.run(graph_); }

 private:
  Gpu& gpu_;
  Graph graph_;
  Memory memory_;  // whose addresses the graph holds
};

std::unique_ptr<Backend> open(const BackendOptions& options) {
  use(options.device);
  return std::make_unique<Gpu>(options);
}

// Which waves the face plays: a device has its own.
const std::string& checked_variant(const std::string& isa) {
  if (isa.empty()) return isa;
  const std::vector<std::string> known = variants();
  for (const std::string& v : known)
    if (v == isa) return isa;
  throw Error(Code::argument, "isa: expected " + (known.empty() ? std::string("none") : known.front() + " or " + known.back()) +
                                  " for backend " + backend_name + ", found \"" + isa.substr(0, 64) + "\"");
}

const RegisterBackend registered({.name = backend_name,
                                  .open = open,
                                  .variants = for_tests ? variants : nullptr,
                                  .survey = survey,
                                  .variants_agree = for_tests,
                                  .for_tests = for_tests});

}  // namespace

Gpu::Gpu(const BackendOptions& options) : device_(options.device), stream_(checked_variant(options.isa)), staging_(stream_) {
  const std::vector<Device> devices = survey().devices;
  if (device_ < 0 || device_ >= static_cast<int>(devices.size()))
    throw Error(Code::device, std::string(backend_name) + ": device " + std::to_string(device_) + " is gone");
  description_ = std::string(backend_name) + ":" + std::to_string(device_) + " " + devices[static_cast<size_t>(device_)].name;
  if (!options.isa.empty()) description_ += ", " + options.isa;
  probe();
}

Gpu::~Gpu() { use_quietly(device_); }

Stream& Gpu::on() {
  use(device_);
  return stream_;
}

// A device that none of the compiled kernels fits says so here, not at the first token.
void Gpu::probe() {
  const Tensor one = alloc(Type::f32, 1, 1);
  add(one, one, one);
  stream_.wait();
}

std::unique_ptr<Plan> Gpu::record(std::function<void(Ops&)> forward) {
  on().begin();
  try {
    forward(*this);
  } catch (...) {
    stream_.cancel();
    throw;
  }
  return std::make_unique<Recorded>(*this, stream_.end(), Recorded::Memory{scratch_memory_, partials_, lists_});
}

// To record a kernel is to load its code. A device that cannot record, or has no memory left for it, goes without: its steps say what
// matters to them.
void Gpu::prepare(const std::function<void(Ops&)>& pass) {
  struct Preparing {
    bool& flag;
    explicit Preparing(bool& f) : flag(f) { flag = true; }
    ~Preparing() { flag = false; }
  } preparing(preparing_);
  try {
    record(pass);
  } catch (const Error& e) {
    if (e.code() != Code::device && e.code() != Code::memory && e.code() != Code::unsupported) throw;
  }
}

void Gpu::run(Graph& graph) {
  graph.launch(on());
  stream_.wait();
}

std::optional<uint64_t> Gpu::free_memory() const {
  use(device_);
  const uint64_t bytes = free_bytes();
  return bytes ? std::optional(bytes + arena_.spare()) : std::nullopt;
}

Tensor Gpu::place(Tensor host) {
  on();
  const auto bytes = static_cast<size_t>(host.rows * host.stride);
  const void* from = host.data;
  host.data = arena_.take(bytes);
  staging_.upload(host.data, from, bytes);
  return host;
}

Tensor Gpu::alloc(Type type, int64_t rows, int64_t cols) {
  on();
  const int64_t stride = type == Type::i32 ? cols * 4 : quant::row_bytes(type, cols);
  const auto bytes = static_cast<size_t>(rows * stride);
  const Tensor t{arena_.take(bytes), type, rows, cols, stride};
  stream_.zero(t.data, bytes);
  return t;
}

void Gpu::write(Tensor to, const void* from) {
  on();
  staging_.upload(to.data, from, static_cast<size_t>(to.rows * to.stride));
}

void Gpu::read(void* to, Tensor from) {
  on().to_host(to, from.data, static_cast<size_t>(from.rows * from.stride));
  stream_.wait();
}

size_t Gpu::reserve(const Needs& needs) {
  if (!scratch_memory_ || needs.scratch > scratch_memory_->bytes()) {
    on().wait();
    scratch_ = {};
    scratch_memory_.reset();
    scratch_memory_ = std::make_shared<DeviceMemory>(needs.scratch);
    scratch_ = Scratch(scratch_memory_->data(), scratch_memory_->bytes());
  }
  grow(partials_, static_cast<size_t>(needs.partials * (needs.partial_dim + 2) * 4));
  grow(lists_, list_bytes(needs.chosen, needs.choices));
  return scratch_memory_->bytes() + (partials_ ? partials_->bytes() : 0) + (lists_ ? lists_->bytes() : 0);
}

void Gpu::grow(std::shared_ptr<DeviceMemory>& memory, size_t bytes) {
  if (bytes <= (memory ? memory->bytes() : 0)) return;
  on().wait();
  memory.reset();
  memory = std::make_shared<DeviceMemory>(bytes);
}

}  // namespace lt::gpu::LT_GPU
