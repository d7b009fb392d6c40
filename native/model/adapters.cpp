#include "model/adapters.h"

#include <algorithm>

#include "core/text.h"
#include "quant/type.h"

namespace lt::model {
namespace {

constexpr int64_t most_rank = 1 << 16;

[[noreturn]] void refuse_adapter(Code code, const AdapterFile& of, const std::string& what) {
  throw Error(code, "adapter " + shown(of.name) + " (" + of.file->path() + "): " + what);
}

void expect_text(const AdapterFile& of, const char* key, std::string_view expected) {
  const std::string_view found = of.file->string(key).value_or("");
  if (found != expected)
    refuse_adapter(Code::unsupported, of,
                   std::string(key) + ": expected \"" + std::string(expected) + "\", found " +
                       (found.empty() ? "nothing" : "\"" + shown(found) + "\""));
}

std::string shape_of_tensor(const gguf::HostTensor& t) { return std::to_string(t.rows()) + " rows of " + std::to_string(t.cols()); }

std::vector<float> floats_of_tensor(const AdapterFile& of, const gguf::HostTensor& t) {
  const auto dequantize = quant::info(t.type).dequantize;
  if (!dequantize)
    refuse_adapter(Code::unsupported, of,
                   "tensor " + shown(t.name) + ": expected a type of weights, found " + std::string(quant::info(t.type).name));
  std::vector<float> all(static_cast<size_t>(t.rows() * t.cols()));
  dequantize(all.data(), t.data, std::ssize(all));
  return all;
}

}  // namespace

AdapterTensors::AdapterTensors(const std::vector<AdapterFile>& files, std::string_view architecture) : files_(files) {
  for (const AdapterFile& f : files) {
    if (f.steers) {
      expect_text(f, "general.architecture", "controlvector");
      alphas_.push_back(0);
      continue;
    }
    expect_text(f, "general.type", "adapter");
    expect_text(f, "adapter.type", "lora");
    expect_text(f, "general.architecture", architecture);
    alphas_.push_back(static_cast<float>(f.file->f64("adapter.lora.alpha").value_or(0)));
  }
}

const gguf::HostTensor* AdapterTensors::find(int64_t adapter, const std::string& name) {
  const gguf::HostTensor* t = files_[static_cast<size_t>(adapter)].file->tensor(name);
  if (t) used_.insert(t);
  return t;
}

std::optional<AdapterTensors::Factors> AdapterTensors::of(int64_t adapter, const std::string& weight, int64_t matrices, int64_t out,
                                                          int64_t in) {
  return factors(adapter, weight, false, matrices, out, in);
}

std::optional<AdapterTensors::Factors> AdapterTensors::of_table(int64_t adapter, const std::string& weight, int64_t rows, int64_t cols) {
  return factors(adapter, weight, true, 1, cols, rows);
}

std::optional<AdapterTensors::Factors> AdapterTensors::factors(int64_t adapter, const std::string& weight, bool table, int64_t matrices,
                                                               int64_t out, int64_t in) {
  const AdapterFile& f = files_[static_cast<size_t>(adapter)];
  if (f.steers) return std::nullopt;
  const gguf::HostTensor *a = find(adapter, weight + ".lora_a"), *b = find(adapter, weight + ".lora_b");
  if (!a && !b) return std::nullopt;
  if (!a || !b)
    refuse_adapter(Code::format, f, "tensor " + weight + (a ? ".lora_b" : ".lora_a") + ": expected beside its other half, found none");
  const int64_t rank = b->cols();
  const bool fits = rank >= 1 && rank <= most_rank && b->rows() == matrices * out &&
                    (table ? a->rows() == in && a->cols() == rank : a->rows() == matrices * rank && a->cols() == in);
  if (!fits)
    refuse_adapter(Code::format, f,
                   "tensors " + weight + ".lora_a, .lora_b: expected halves of " +
                       (matrices > 1 ? std::to_string(matrices) + " times " : "") + std::to_string(out) + " rows of " + std::to_string(in) +
                       ", as the model has, found " + shape_of_tensor(*a) + " and " + shape_of_tensor(*b));
  Factors made{rank, floats_of_tensor(f, *a), floats_of_tensor(f, *b)};
  const float alpha = alphas_[static_cast<size_t>(adapter)];
  if (alpha != 0)
    for (float& x : made.b) x *= alpha / static_cast<float>(rank);
  return made;
}

bool AdapterTensors::steers() const {
  return std::any_of(files_.begin(), files_.end(), [](const AdapterFile& f) { return f.steers; });
}

std::span<const float> AdapterTensors::direction(int64_t adapter, int64_t layer, int64_t width) {
  const AdapterFile& f = files_[static_cast<size_t>(adapter)];
  if (!f.steers || layer == 0) return {};
  const gguf::HostTensor* t = find(adapter, "direction." + std::to_string(layer));
  if (!t) return {};
  if (t->type != Type::f32 || t->rows() != 1 || t->cols() != width)
    refuse_adapter(Code::format, f,
                   "tensor " + shown(t->name) + ": expected " + std::to_string(width) + " numbers of F32, found " + shape_of_tensor(*t) +
                       " of " + std::string(quant::info(t->type).name));
  if (layer < f.first || layer > f.last) return {};
  return {static_cast<const float*>(t->data), static_cast<size_t>(width)};
}

void AdapterTensors::finish(int64_t layers) const {
  for (const AdapterFile& f : files_)
    for (const gguf::HostTensor& t : f.file->tensors()) {
      if (used_.contains(&t)) continue;
      const std::string what = f.steers ? "expected direction.1 to direction." + std::to_string(layers - 1)
                                        : "expected .lora_a and .lora_b of weights that this model multiplies by";
      refuse_adapter(Code::unsupported, f, "tensor " + shown(t.name) + ": " + what + "; this one is not applied");
    }
}

}  // namespace lt::model
