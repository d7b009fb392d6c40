#include "model/loader.h"

#include <vector>

#include "quant/type.h"

namespace lt::model {
namespace {

std::string shape_text(int64_t rows, int64_t cols) { return std::to_string(rows) + " rows of " + std::to_string(cols); }

[[noreturn]] void bad_key(const std::string& key, const std::string& expected, const std::string& found) {
  throw Error(Code::format, key + ": expected " + expected + ", found " + found);
}

// Older exporters wrote rotary tables that every reader computes itself.
bool is_ignored(std::string_view name) {
  return name.ends_with(".rotary_emb.inv_freq") || name.ends_with(".attn_rot_embd") || name.ends_with(".attn_rot_embd.weight");
}

}  // namespace

std::optional<int64_t> layer_of(std::string_view tensor) {
  if (!tensor.starts_with("blk.")) return std::nullopt;
  int64_t layer = 0;
  size_t at = 4;
  for (; at < tensor.size() && tensor[at] >= '0' && tensor[at] <= '9' && at < 12; at++) layer = layer * 10 + (tensor[at] - '0');
  return at > 4 && at < tensor.size() && tensor[at] == '.' ? std::optional(layer) : std::nullopt;
}

Loader::Loader(const gguf::File& file, Backend& backend, const Section& part, Division* division)
    : file_(file), backend_(backend), section_(part), division_(division ? *division : alone_) {
  const auto architecture = file.string("general.architecture");
  if (!architecture) throw Error(Code::format, "general.architecture: expected the name of an architecture, found nothing");
  architecture_ = *architecture;
}

bool Loader::has_key(std::string_view key) const { return file_.find(architecture_ + "." + std::string(key)) != nullptr; }

int64_t Loader::integer(std::string_view key, int64_t low, int64_t high) const {
  const std::string whole = architecture_ + "." + std::string(key);
  const auto value = file_.u64(whole);
  const std::string range = "an integer from " + std::to_string(low) + " to " + std::to_string(high);
  if (!value) bad_key(whole, range, "nothing");
  if (*value > static_cast<uint64_t>(high) || static_cast<int64_t>(*value) < low) bad_key(whole, range, std::to_string(*value));
  return static_cast<int64_t>(*value);
}

int64_t Loader::integer(std::string_view key, int64_t low, int64_t high, int64_t fallback) const {
  return has_key(key) ? integer(key, low, high) : fallback;
}

double Loader::number(std::string_view key, double low, double high, double fallback) const {
  const std::string whole = architecture_ + "." + std::string(key);
  const auto value = file_.f64(whole);
  if (!value) return fallback;
  if (!(*value >= low && *value <= high))
    bad_key(whole, "a number from " + std::to_string(low) + " to " + std::to_string(high), std::to_string(*value));
  return *value;
}

bool Loader::flag(std::string_view key, bool fallback) const {
  return file_.boolean(architecture_ + "." + std::string(key)).value_or(fallback);
}

std::string Loader::text(std::string_view key, std::string_view fallback) const {
  return std::string(file_.string(architecture_ + "." + std::string(key)).value_or(fallback));
}

int64_t Loader::per_layer(std::string_view key, int64_t layer, int64_t low, int64_t high, std::optional<int64_t> fallback) const {
  const std::string whole = architecture_ + "." + std::string(key);
  const gguf::Value* value = file_.find(whole);
  if (!value && fallback) return *fallback;
  if (!value || !std::holds_alternative<gguf::Array>(*value)) return integer(key, low, high);
  const gguf::Array& list = std::get<gguf::Array>(*value);
  int64_t found = -1;
  if (const auto* u = std::get_if<std::vector<uint64_t>>(&list); u && layer < static_cast<int64_t>(u->size())) {
    found = static_cast<int64_t>(std::min<uint64_t>((*u)[layer], INT64_MAX));
  } else if (const auto* s = std::get_if<std::vector<int64_t>>(&list); s && layer < static_cast<int64_t>(s->size())) {
    found = (*s)[layer];
  } else {
    bad_key(whole, "an integer, or one for each layer", "a list without an integer for layer " + std::to_string(layer));
  }
  if (found < low || found > high)
    bad_key(whole, "integers from " + std::to_string(low) + " to " + std::to_string(high), std::to_string(found));
  return found;
}

const gguf::HostTensor& Loader::find(const std::string& name, int64_t rows, int64_t cols) {
  const gguf::HostTensor* t = file_.tensor(name);
  if (!t) throw Error(Code::format, "tensor " + name + ": expected " + shape_text(rows, cols) + ", found none of that name");
  if (t->rows() != rows || t->cols() != cols)
    throw Error(Code::format, "tensor " + name + ": expected " + shape_text(rows, cols) + ", found " + shape_text(t->rows(), t->cols()));
  if (!quant::info(t->type).dequantize)
    throw Error(Code::unsupported, "tensor " + name + ": expected a type of weights, found " + quant::info(t->type).name);
  used_.insert(t->name);
  return *t;
}

// A table without an output matrix is the head's too.
bool Loader::holds(std::string_view name) const {
  if (const auto layer = layer_of(name)) return *layer >= section_.first && *layer < section_.last;
  if (name.starts_with("token_embd.")) return section_.embed || (section_.head && !has("output.weight"));
  return !name.starts_with("output") || section_.head;
}

Tensor Loader::matrix(const std::string& name, int64_t rows, int64_t cols) {
  const gguf::HostTensor& t = find(name, rows, cols);
  const Tensor host{const_cast<void*>(t.data), t.type, rows, cols, quant::row_bytes(t.type, cols)};
  return place(name, host);
}

Tensor Loader::vector(const std::string& name, int64_t cols) {
  const gguf::HostTensor& t = find(name, 1, cols);
  const Tensor host{const_cast<void*>(t.data), t.type, 1, cols, cols * 4};
  if (!holds(name)) return {host.data, Type::f32, 1, cols, cols * 4};
  if (t.type == Type::f32) return place(name, host);
  std::vector<float> decoded(static_cast<size_t>(cols));
  quant::info(t.type).dequantize(decoded.data(), t.data, cols);
  return table(decoded);
}

Tensor Loader::optional_matrix(const std::string& name, int64_t rows, int64_t cols) {
  return has(name) ? matrix(name, rows, cols) : Tensor{};
}

Tensor Loader::optional_vector(const std::string& name, int64_t cols) { return has(name) ? vector(name, cols) : Tensor{}; }

int64_t Loader::rows_of(const std::string& name) const {
  const gguf::HostTensor* t = file_.tensor(name);
  if (!t) throw Error(Code::format, "tensor " + name + ": expected in the file, found none of that name");
  constexpr int64_t most = 1 << 24;
  if (t->rows() < 1 || t->rows() > most)
    throw Error(Code::format, "tensor " + name + ": expected 1 to " + std::to_string(most) + " rows, found " + std::to_string(t->rows()));
  return t->rows();
}

bool Loader::values(const std::string& name, std::span<float> to) {
  if (!has(name)) return false;
  const gguf::HostTensor& t = find(name, 1, static_cast<int64_t>(to.size()));
  quant::info(t.type).dequantize(to.data(), t.data, t.cols());
  return true;
}

Tensor Loader::table(std::span<const float> values) {
  const Tensor t = backend_.alloc(Type::f32, 1, static_cast<int64_t>(values.size()));
  backend_.write(t, values.data());
  return t;
}

void Loader::finish() const {
  for (const gguf::HostTensor& t : file_.tensors()) {
    if (used_.contains(t.name) || is_ignored(t.name)) continue;
    throw Error(Code::unsupported, "tensor " + std::string(t.name) + ": architecture " + architecture_ +
                                       " is run without such a tensor, so this variant of it is not supported");
  }
}

}  // namespace lt::model
