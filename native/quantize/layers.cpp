#include "quantize/layers.h"

#include <algorithm>
#include <charconv>

#include "core/error.h"
#include "gguf/writer.h"

namespace lt::quantize {
namespace {

constexpr std::string_view prefix = "blk.";
constexpr int64_t most_layers = 100000;  // a number beyond is a name's, not a layer's

template <class T>
std::vector<T> kept_of(const std::vector<T>& values, const std::vector<int64_t>& numbers) {
  std::vector<T> out;
  for (size_t i = 0; i < values.size(); i++)
    if (numbers[i] >= 0) out.push_back(values[i]);
  return out;
}

}  // namespace

std::optional<int64_t> layer_of(std::string_view tensor) {
  if (!tensor.starts_with(prefix)) return {};
  int64_t layer = 0;
  const auto [end, bad] = std::from_chars(tensor.data() + prefix.size(), tensor.data() + tensor.size(), layer);
  if (bad != std::errc{} || end == tensor.data() + tensor.size() || *end != '.' || layer < 0 || layer >= most_layers) return {};
  return layer;
}

Layers::Layers(const gguf::File& file, const std::vector<int64_t>& pruned)
    : file_(file), architecture_(file.string("general.architecture").value_or("")) {
  if (pruned.empty()) return;
  int64_t layers = 0;
  for (const gguf::HostTensor& t : file.tensors()) layers = std::max(layers, layer_of(t.name).value_or(-1) + 1);
  numbers_.assign(static_cast<size_t>(layers), 0);
  for (const int64_t layer : pruned) {
    if (layer < 0 || layer >= layers) {
      throw Error(Code::argument, "layers to leave out: expected 0 to " + std::to_string(layers - 1) + ", found " + std::to_string(layer));
    }
    numbers_[static_cast<size_t>(layer)] = -1;
  }
  for (int64_t& n : numbers_) n = n < 0 ? -1 : left_++;
  if (left_ == 0) throw Error(Code::argument, "layers to leave out: one at least must stay");
}

std::optional<std::string> Layers::renamed(std::string_view tensor) const {
  const std::optional<int64_t> layer = layer_of(tensor);
  if (numbers_.empty() || !layer) return std::string(tensor);
  const int64_t number = numbers_[static_cast<size_t>(*layer)];
  if (number < 0) return {};
  return std::string(prefix) + std::to_string(number) + std::string(tensor.substr(tensor.find('.', prefix.size())));
}

std::vector<gguf::Field> Layers::metadata() const {
  std::vector<gguf::Field> fields = gguf::fields_of(file_);
  if (numbers_.empty()) return fields;
  for (size_t i = 0; i < fields.size(); i++) {
    const auto* array = std::get_if<gguf::Array>(&file_.metadata()[i].second);
    if (!array || !(fields[i].key.starts_with(architecture_ + ".") || fields[i].key.starts_with("xielu."))) continue;
    const auto shortened = [&]<class T, class As>(const std::vector<T>& values, As) {
      if (values.size() != numbers_.size()) return;
      const std::vector<T> kept = kept_of(values, numbers_);
      const std::vector<As> narrow(kept.begin(), kept.end());
      fields[i] = gguf::field(fields[i].key, std::span<const As>(narrow));
    };
    if (const auto* v = std::get_if<std::vector<uint64_t>>(array)) shortened(*v, uint32_t{});
    if (const auto* v = std::get_if<std::vector<int64_t>>(array)) shortened(*v, int32_t{});
    if (const auto* v = std::get_if<std::vector<double>>(array)) shortened(*v, float{});
  }
  gguf::put(fields, gguf::field(architecture_ + ".block_count", static_cast<uint32_t>(left_)));
  return fields;
}

}  // namespace lt::quantize
