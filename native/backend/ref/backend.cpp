#include <algorithm>
#include <cstring>
#include <memory>

#include "backend/ref/ref.h"
#include "quant/type.h"

namespace lt::ref {
namespace {

class CallPlan : public Plan {
 public:
  CallPlan(Ops& ops, std::function<void(Ops&)> forward) : ops_(ops), forward_(std::move(forward)) {}
  void run() override { forward_(ops_); }

 private:
  Ops& ops_;
  std::function<void(Ops&)> forward_;
};

class RefBackend : public Backend {
 public:
  std::string description() const override { return "ref, one thread"; }
  bool on_host() const override { return true; }
  Ops& ops() override { return ops_; }
  std::unique_ptr<Plan> record(std::function<void(Ops&)> forward) override { return std::make_unique<CallPlan>(ops_, std::move(forward)); }
  Tensor place(Tensor host) override { return host; }

  Tensor alloc(Type type, int64_t rows, int64_t cols) override {
    const int64_t stride = quant::row_bytes(type, cols);
    return {take(static_cast<size_t>(rows * stride)), type, rows, cols, stride};
  }
  void write(Tensor to, const void* from) override { std::memcpy(to.data, from, static_cast<size_t>(to.rows * to.stride)); }
  void read(void* to, Tensor from) override { std::memcpy(to, from.data, static_cast<size_t>(from.rows * from.stride)); }

  size_t reserve(const Needs& needs) override {
    if (needs.scratch > scratch_bytes_) {
      ops_.scratch_ = Scratch(take(needs.scratch), needs.scratch);
      scratch_bytes_ = needs.scratch;
    }
    return scratch_bytes_;
  }

 private:
  void* take(size_t bytes) {
    try {
      const size_t whole = bytes + Scratch::alignment;
      held_.push_back(std::make_unique<char[]>(whole));
      void* at = held_.back().get();
      size_t space = whole;
      return std::align(Scratch::alignment, bytes, at, space);
    } catch (const std::bad_alloc&) {
      throw Error(Code::memory, "backend ref: expected " + std::to_string(bytes) +
                                    " bytes of memory, the system has not that much; use a smaller context");
    }
  }

  RefOps ops_;
  size_t scratch_bytes_ = 0;
  std::vector<std::unique_ptr<char[]>> held_;
};

std::unique_ptr<Backend> open(const BackendOptions& options) {
  if (!options.isa.empty()) throw Error(Code::argument, "isa: expected none for backend ref, found \"" + options.isa + "\"");
  return std::make_unique<RefBackend>();
}

const RegisterBackend registered({.name = "ref", .open = open, .for_tests = true});

}  // namespace

void decode_row(std::vector<float>& to, const Tensor& t, int64_t r) {
  to.resize(static_cast<size_t>(t.cols));
  quant::info(t.type).dequantize(to.data(), t.row<char>(r), t.cols);
}

std::vector<float> read_state(const State& state, int32_t slot) {
  std::vector<float> out(static_cast<size_t>(state.slots.cols), 0.0f);
  if (slot >= 0) std::copy_n(state.slots.row<float>(slot), out.size(), out.begin());
  return out;
}

void write_state(const State& state, int32_t slot, const std::vector<float>& from) {
  if (slot >= 0) std::copy(from.begin(), from.end(), state.slots.row<float>(slot));
}

}  // namespace lt::ref
