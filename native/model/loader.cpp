#include "model/loader.h"

#include <algorithm>

#include "model/hyper.h"
#include "quant/type.h"

namespace lt::model {
namespace {

std::string shape_text(int64_t rows, int64_t cols) { return std::to_string(rows) + " rows of " + std::to_string(cols); }

[[noreturn]] void bad_key(const std::string& key, const std::string& expected, const std::string& found) {
  throw Error(Code::format, key + ": expected " + expected + ", found " + found);
}

// Older exporters wrote rotary tables that every reader computes itself.
bool is_old_table(std::string_view name) {
  return name.ends_with(".rotary_emb.inv_freq") || name.ends_with(".attn_rot_embd") || name.ends_with(".attn_rot_embd.weight");
}

// Integer or boolean i of a list.
std::optional<int64_t> element(const gguf::Array& list, size_t i) {
  if (const auto* b = std::get_if<std::span<const uint8_t>>(&list); b && i < b->size()) return (*b)[i];
  if (const auto* u = std::get_if<std::vector<uint64_t>>(&list); u && i < u->size()) return std::min<uint64_t>((*u)[i], INT64_MAX);
  if (const auto* s = std::get_if<std::vector<int64_t>>(&list); s && i < s->size()) return (*s)[i];
  return std::nullopt;
}

}  // namespace

std::string block(int64_t layer) { return "blk." + std::to_string(layer) + "."; }

Loader::Loader(const gguf::File& file, Backend& backend, const Section& part, Division* division, WeightBytes* bytes)
    : file_(file), backend_(backend), section_(part), division_(division ? *division : alone_), bytes_(bytes) {
  const auto architecture = file.string("general.architecture");
  if (!architecture) throw Error(Code::format, "general.architecture: expected the name of an architecture, found nothing");
  architecture_ = *architecture;
  if (part.adapters && !part.adapters->empty()) adapters_.emplace(*part.adapters, architecture_);
}

bool Loader::has_key(std::string_view key) const { return file_.find(architecture_ + "." + std::string(key)) != nullptr; }

bool Loader::has_list(std::string_view key) const {
  const gguf::Value* value = file_.find(architecture_ + "." + std::string(key));
  return value && std::holds_alternative<gguf::Array>(*value);
}

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

double Loader::number(std::string_view key, double low, double high) const {
  const std::string whole = architecture_ + "." + std::string(key);
  const auto value = file_.f64(whole);
  const std::string range = "a number from " + std::to_string(low) + " to " + std::to_string(high);
  if (!value) bad_key(whole, range, "nothing");
  if (!(*value >= low && *value <= high)) bad_key(whole, range, std::to_string(*value));
  return *value;
}

double Loader::number(std::string_view key, double low, double high, double fallback) const {
  return has_key(key) ? number(key, low, high) : fallback;
}

bool Loader::flag(std::string_view key, bool fallback) const {
  return file_.boolean(architecture_ + "." + std::string(key)).value_or(fallback);
}

std::string Loader::text(std::string_view key, std::string_view fallback) const {
  return std::string(file_.string(architecture_ + "." + std::string(key)).value_or(fallback));
}

std::vector<std::string> Loader::texts(std::string_view key) const {
  const gguf::Value* value = file_.find(architecture_ + "." + std::string(key));
  const gguf::Array* list = value ? std::get_if<gguf::Array>(value) : nullptr;
  const auto* found = list ? std::get_if<std::vector<std::string_view>>(list) : nullptr;
  return found ? std::vector<std::string>(found->begin(), found->end()) : std::vector<std::string>{};
}

int64_t Loader::per_layer(std::string_view key, int64_t layer, int64_t low, int64_t high, std::optional<int64_t> fallback) const {
  if (!has_key(key) && fallback) return *fallback;
  if (!has_list(key)) return integer(key, low, high);
  const std::string whole = architecture_ + "." + std::string(key);
  const std::optional<int64_t> found = element(std::get<gguf::Array>(*file_.find(whole)), static_cast<size_t>(layer));
  if (!found) bad_key(whole, "an integer, or one for each layer", "a list without an integer for layer " + std::to_string(layer));
  if (*found < low || *found > high)
    bad_key(whole, "integers from " + std::to_string(low) + " to " + std::to_string(high), std::to_string(*found));
  return *found;
}

std::string Loader::spelled(std::string name) const {
  for (const auto& [ours, theirs] : spelled_)
    if (const size_t at = name.find(ours); at != std::string::npos) name.replace(at, ours.size(), theirs);
  return name;
}

double Loader::listed(std::string_view key, int64_t layer, double low, double high) const {
  const auto i = static_cast<size_t>(layer);
  const gguf::Value* value = file_.find(key);
  const auto* list = value ? std::get_if<gguf::Array>(value) : nullptr;
  const auto* numbers = list ? std::get_if<std::vector<double>>(list) : nullptr;
  const std::string range = "a list of numbers from " + std::to_string(low) + " to " + std::to_string(high) + ", one for each layer";
  if (!numbers || i >= numbers->size()) bad_key(std::string(key), range, "none for layer " + std::to_string(layer));
  if (const double x = (*numbers)[i]; !(x >= low && x <= high)) bad_key(std::string(key), range, std::to_string(x));
  return (*numbers)[i];
}

const gguf::HostTensor& Loader::find(const std::string& name, int64_t rows, int64_t cols) {
  const gguf::HostTensor* t = tensor(name);
  if (!t) throw Error(Code::format, "tensor " + name + ": expected " + shape_text(rows, cols) + ", found none of that name");
  if (t->rows() != rows || t->cols() != cols)
    throw Error(Code::format, "tensor " + name + ": expected " + shape_text(rows, cols) + ", found " + shape_text(t->rows(), t->cols()));
  if (!quant::info(t->type).dequantize)
    throw Error(Code::unsupported, "tensor " + name + ": expected a type of weights, found " + quant::info(t->type).name);
  used_.insert(t->name);
  return *t;
}

int64_t Loader::context() const {
  const int64_t trained = integer("context_length", 1, most_context);
  return section_.context > 0 ? std::min(section_.context, trained) : trained;
}

int64_t Loader::block_of(const std::string& name) const {
  const gguf::HostTensor* t = tensor(name);
  return t ? quant::info(t->type).values : 1;
}

int64_t Loader::rows_of(const std::string& name) const {
  const gguf::HostTensor* t = tensor(name);
  if (!t) throw Error(Code::format, "tensor " + name + ": expected in the file, found none of that name");
  constexpr int64_t most = 1 << 24;
  if (t->rows() < 1 || t->rows() > most)
    throw Error(Code::format, "tensor " + name + ": expected 1 to " + std::to_string(most) + " rows, found " + std::to_string(t->rows()));
  return t->rows();
}

std::vector<float> Loader::values(const std::string& name, int64_t rows, int64_t cols) {
  const gguf::HostTensor& t = find(name, rows, cols);
  std::vector<float> out(static_cast<size_t>(rows * cols));
  quant::info(t.type).dequantize(out.data(), t.data, rows * cols);
  return out;
}

void Loader::ignore(const std::string& names) { ignored_.push_back(names); }

bool Loader::ignored(std::string_view name) const {
  return std::any_of(ignored_.begin(), ignored_.end(), [&](std::string_view pattern) {
    return pattern.ends_with('*') ? name.starts_with(pattern.substr(0, pattern.size() - 1)) : name == pattern;
  });
}

void Loader::finish() const {
  for (const gguf::HostTensor& t : file_.tensors()) {
    if (used_.contains(t.name) || is_old_table(t.name) || ignored(t.name)) continue;
    throw Error(Code::unsupported, "tensor " + std::string(t.name) + ": architecture " + architecture_ +
                                       " is run without such a tensor, so this variant of it is not supported");
  }
}

void Loader::refuse(std::string_view key, const std::string& expected, const std::string& found) const {
  throw Error(Code::unsupported, architecture_ + "." + std::string(key) + ": expected " + expected + ", found " + found);
}

}  // namespace lt::model
