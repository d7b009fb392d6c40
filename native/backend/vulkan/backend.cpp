#include "backend/vulkan/plan.h"
#include "backend/vulkan/transfer.h"
#include "backend/vulkan/vulkan.h"
#include "quant/type.h"
#include "vulkan_book_headers.inc"

namespace lt::vulkan {
namespace {

// The code books of the IQ types one after the other, a word an entry: books.glsl says where each begins.
std::vector<uint32_t> code_books() {
  std::vector<uint32_t> words;
  const auto append = [&](uint32_t (*code)(uint32_t), uint32_t count) {
    for (uint32_t i = 0; i < count; i++) words.push_back(code(i));
  };
#define LT_BOOK(code, count) append(quant::code, count);
#include "vulkan_books.inc"
#undef LT_BOOK
  return words;
}

class VulkanBackend : public Backend {
 public:
  VulkanBackend(const Found& found, const Variant& variant)
      : device_(found, variant.uses),
        memory_(device_),
        stream_(device_, memory_),
        transfer_(memory_, stream_),
        pipelines_(device_),
        ops_(device_, stream_, pipelines_),
        variant_(variant.name) {
    const std::vector<uint32_t> books = code_books();
    ops_.books_ = take(books.size() * 4);
    transfer_.write(ops_.books_, books.data(), Transfer::all(books.size() * 4), true);
  }
  ~VulkanBackend() override { device_.api().DeviceWaitIdle(device_.handle()); }

  std::string description() const override {
    return std::string("vulkan, ") + device_.found().properties.deviceName + ", " + variant_ + " variant";
  }
  Ops& ops() override { return ops_; }
  bool records() const override { return true; }
  std::unique_ptr<Plan> record(std::function<void(Ops&)> forward) override {
    return std::make_unique<RecordedPlan>(device_, memory_, stream_, ops_, forward);
  }
  void prepare(const std::function<void(Ops&)>& pass) override { ops_.prepare(pass); }
  std::optional<uint64_t> free_memory() const override { return memory_.available(); }
  Tensor place(Tensor host) override;
  Tensor alloc(Type type, int64_t rows, int64_t cols) override {
    Tensor t = shape(type, rows, cols);
    constexpr uint64_t slack = 31 * 4;  // shaders read rows of a table 32 columns at once, the last one too
    t.data = pointer(take(static_cast<uint64_t>(t.rows * t.stride) + slack));
    return t;
  }
  void write(Tensor to, const void* from) override {
    transfer_.write(address(to), from, Transfer::all(static_cast<uint64_t>(to.rows * to.stride)), false);
  }
  void read(void* to, Tensor from) override { transfer_.read(to, address(from), static_cast<uint64_t>(from.rows * from.stride)); }
  size_t reserve(const Needs& needs) override {
    // Plans recorded before keep what they have.
    if (needs.scratch > scratch_bytes_) {
      ops_.scratch_ = Scratch(pointer(take(needs.scratch)), needs.scratch);
      scratch_bytes_ = needs.scratch;
    }
    const uint64_t rounded = device_.uses().int8 ? rounded_bytes(needs.matmul_input) : 0;
    if (rounded > ops_.rounded_bytes_) {
      ops_.rounded_ = take(rounded);
      ops_.rounded_bytes_ = rounded;
    }
    const auto parts = static_cast<uint64_t>(needs.partials * (needs.partial_dim + 2) * 4);
    if (parts > ops_.parts_bytes_) {
      ops_.parts_ = take(parts);
      ops_.parts_bytes_ = parts;
    }
    const uint64_t lists = needs.chosen ? list_bytes(needs.chosen, needs.choices) : 0;
    if (lists > ops_.lists_bytes_) {
      ops_.lists_ = take(lists);
      ops_.lists_bytes_ = lists;
    }
    return scratch_bytes_ + ops_.rounded_bytes_ + ops_.parts_bytes_ + ops_.lists_bytes_;
  }

 private:
  static void* pointer(uint64_t at) { return reinterpret_cast<void*>(static_cast<uintptr_t>(at)); }
  // Rows fill whole words, so that every row begins at one.
  static Tensor shape(Type type, int64_t rows, int64_t cols) {
    return {nullptr, type, rows, cols, (quant::row_bytes(type, cols) + 3) / 4 * 4};
  }
  uint64_t take(uint64_t bytes) {
    return memory_.take(bytes, Memory::Use::zeroed, [&](const Block& fresh) { transfer_.zero(fresh); });
  }

  Device device_;
  Memory memory_;
  Stream stream_;
  Transfer transfer_;
  Pipelines pipelines_;
  VulkanOps ops_;
  std::string variant_;
  size_t scratch_bytes_ = 0;
};

Tensor VulkanBackend::place(Tensor host) {
  Tensor t = shape(host.type, host.rows, host.cols);
  const auto rows = static_cast<uint64_t>(t.rows), stride = static_cast<uint64_t>(t.stride);
  const uint64_t at = memory_.take(rows * stride, Memory::Use::written, [](const Block&) {});
  t.data = pointer(at);
  transfer_.write(at, host.data,
                  {rows, static_cast<uint64_t>(quant::row_bytes(host.type, host.cols)), static_cast<uint64_t>(host.stride), stride}, true);
  return t;
}

std::vector<Variant> variants_of(const Found& device) { return variants_of(device.usable(), device.software()); }

std::vector<std::string> variants() {
  const std::vector<Found>& devices = Driver::get().devices();
  std::vector<std::string> names;
  for (const Variant& v : devices.empty() ? variants_of(Features{}, true) : variants_of(devices[0])) names.push_back(v.name);
  return names;
}

std::unique_ptr<Backend> open(const BackendOptions& options) {
  const std::vector<Found>& devices = Driver::get().devices();
  if (devices.empty()) throw Error(Code::device, "vulkan cannot be used here: " + Driver::get().survey().why_not);
  if (options.device < 0 || options.device >= static_cast<int>(devices.size()))
    throw Error(Code::device,
                "vulkan: expected a device below " + std::to_string(devices.size()) + ", found " + std::to_string(options.device));
  if (const std::string unknown = unknown_feature(forced_off()); !unknown.empty())
    throw Error(Code::argument, "LLAMA_TS_VULKAN_WITHOUT: expected names of subgroup, f16, int8, coopmat, found \"" + unknown + "\"");
  const Found& found = devices[static_cast<size_t>(options.device)];
  std::string known;
  for (const Variant& v : variants_of(found)) {
    if (options.isa.empty() || options.isa == v.name) return std::make_unique<VulkanBackend>(found, v);
    known += (known.empty() ? "" : ", ") + v.name;
  }
  throw Error(Code::argument, "isa: expected one of " + known + " for backend vulkan, found \"" + options.isa + "\"");
}

const RegisterBackend registered({.name = "vulkan",
                                  .open = open,
                                  .variants = variants,
                                  .survey = [] { return Driver::get().survey(); },
                                  .variant_rounds = rounds,
                                  .variants_agree = true});

}  // namespace
}  // namespace lt::vulkan
