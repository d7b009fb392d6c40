#include "convert/plan.h"

#include <algorithm>
#include <map>
#include <numeric>

#include "convert/names.h"
#include "core/error.h"
#include "core/text.h"
#include "encode/encode.h"
#include "quant/mxfp4.h"
#include "quant/type.h"

namespace lt::convert {
namespace {

using safetensors::Dtype;
using safetensors::Tensor;

[[noreturn]] void fail(const Tensor& t, const std::string& what) { throw Error(Code::format, "tensor " + shown(t.name) + ": " + what); }

std::string shape_text(const Tensor& t) {
  std::string out;
  for (const int64_t size : t.shape) out += (out.empty() ? "" : " x ") + std::to_string(size);
  return out.empty() ? "a scalar" : out;
}

// The layer that a tensor belongs to; none of what is outside layers.
std::optional<int64_t> layer_of(const Rule& rule, const std::vector<int64_t>& numbers) {
  return holes(rule.to) > 0 ? std::optional(numbers[0]) : std::nullopt;
}

// gpt-oss: X_blocks and X_scales are a matrix of MXFP4.
constexpr std::string_view blocks_end = "_blocks", scales_end = "_scales";
bool is_packed(const Tensor& t) { return t.dtype == Dtype::u8 && t.shape.size() == 4 && t.shape[3] == 16 && t.name.ends_with(blocks_end); }
std::string with_end(std::string_view name, std::string_view end, std::string_view other) {
  return std::string(name.substr(0, name.size() - end.size())) + std::string(other);
}

// BitNet: a matrix of ternary values, four rows in one.
bool is_ternary(const Tensor& t) { return t.dtype == Dtype::u8 && t.shape.size() == 2; }

bool is_float8(Dtype d) { return d == Dtype::f8_e4m3 || d == Dtype::f8_e5m2; }

// Scales are read with the matrix they belong to, those of activations are not needed, rotation tables are computed.
bool is_beside(const safetensors::Folder& folder, std::string_view name) {
  for (const std::string_view end : {"_scale_inv", "_scale"})
    if (name.ends_with(end))
      if (const Tensor* of = folder.find(name.substr(0, name.size() - end.size())); of && (is_float8(of->dtype) || is_ternary(*of)))
        return true;
  if (name.ends_with(scales_end))
    if (const Tensor* of = folder.find(with_end(name, scales_end, blocks_end)); of && is_packed(*of)) return true;
  for (const std::string_view end : {".input_scale", ".activation_scale", ".k_scale", ".v_scale", ".rotary_emb.inv_freq"})
    if (name.ends_with(end)) return true;
  return false;
}

Type stored_type(const Tensor& t) {
  if (is_packed(t)) return quant::MXFP4::id;
  if (is_ternary(t)) return Type::bf16;
  switch (t.dtype) {
    case Dtype::f16:
      return Type::f16;
    case Dtype::bf16:
    case Dtype::f8_e4m3:
    case Dtype::f8_e5m2:
      return Type::bf16;
    case Dtype::f32:
    case Dtype::f64:
      return Type::f32;
    default:
      break;
  }
  throw Error(Code::unsupported, "tensor " + shown(t.name) + ": weights of type " + safetensors::name_of(t.dtype) + " are not read");
}

// Sizes in values.
std::vector<int64_t> shape_of(const Tensor& t) {
  if (is_packed(t)) return {t.shape[0], t.shape[1], t.shape[2] * quant::MXFP4::values};
  if (is_ternary(t)) return {t.shape[0] * 4, t.shape[1]};
  return t.shape;
}

int64_t cols_of(const Tensor& t) { return shape_of(t).back(); }
int64_t rows_of(const Tensor& t) {
  const std::vector<int64_t> shape = shape_of(t);
  return std::accumulate(shape.begin(), shape.end() - 1, int64_t{1}, [](int64_t a, int64_t b) { return a * b; });
}

int64_t blocks(int64_t n, int64_t block) { return (n + block - 1) / block; }

// The sides of the blocks that a scale each is there for.
std::pair<int64_t, int64_t> block_of(const Tensor& t, const Tensor& scale, const Config& config) {
  const int64_t rows = rows_of(t), cols = cols_of(t), values = scale.values();
  const bool square = scale.shape.size() == 2;
  if (values == 1) return {rows, cols};
  if (values == rows && (!square || scale.shape[1] == 1)) return {1, cols};
  const json::Value sides = config["quantization_config"]["weight_block_size"];
  int64_t side[2] = {128, 128};
  size_t i = 0;
  for (const json::Member m : sides)
    if (i < 2) side[i++] = m.value.integer().value_or(0);
  if ((sides && i != 2) || side[0] < 1 || side[1] < 1) config.fail("quantization_config", "weight_block_size: expected two sizes above 0");
  if (!square || scale.shape[0] != blocks(rows, side[0]) || scale.shape[1] != blocks(cols, side[1]))
    fail(scale, "expected a scale, one a row or one a block of " + std::to_string(side[0]) + " x " + std::to_string(side[1]) +
                    " of a matrix of " + shape_text(t) + ", found " + shape_text(scale));
  return {side[0], side[1]};
}

void add_float8_scale(const safetensors::Folder& folder, const Config& config, StoredMatrix& piece) {
  for (const char* end : {"_scale_inv", "_scale"})
    if (!piece.scale) piece.scale = folder.find(std::string(piece.from->name) + end);
  if (!piece.scale) return;
  const Dtype d = piece.scale->dtype;
  if (d != Dtype::f32 && d != Dtype::bf16 && d != Dtype::f16) fail(*piece.scale, "expected F32, BF16 or F16");
  std::tie(piece.block_rows, piece.block_cols) = block_of(*piece.from, *piece.scale, config);
}

void add_exponents(const safetensors::Folder& folder, StoredMatrix& piece) {
  const Tensor& t = *piece.from;
  const std::string name = with_end(t.name, blocks_end, scales_end);
  piece.scale = folder.find(name);
  if (!piece.scale) fail(t, "expected " + shown(name) + " beside it, found none");
  const std::vector<int64_t> blocks(t.shape.begin(), t.shape.end() - 1);
  if (piece.scale->dtype != Dtype::u8 || piece.scale->shape != blocks)
    fail(*piece.scale, "expected one byte a block of " + shown(t.name) + ", " + shape_text(t) + ", found " + shape_text(*piece.scale));
}

void add_ternary_scale(const safetensors::Folder& folder, StoredMatrix& piece) {
  const std::string name = std::string(piece.from->name) + "_scale";
  piece.ternary = true;
  piece.scale = folder.find(name);
  if (!piece.scale) fail(*piece.from, "expected " + shown(name) + " beside it, found none");
  const Dtype d = piece.scale->dtype;
  if (piece.scale->values() != 1 || (d != Dtype::f32 && d != Dtype::bf16 && d != Dtype::f16))
    fail(*piece.scale, "expected one number, F32, BF16 or F16");
  piece.block_rows = piece.rows, piece.block_cols = piece.cols;
}

StoredMatrix piece_of(const safetensors::Folder& folder, const Config& config, const Tensor& t) {
  StoredMatrix piece{.from = &t, .rows = rows_of(t), .cols = cols_of(t)};
  if (is_float8(t.dtype)) add_float8_scale(folder, config, piece);
  if (is_packed(t)) add_exponents(folder, piece);
  if (is_ternary(t)) return add_ternary_scale(folder, piece), piece;
  if (!is_float8(t.dtype) && t.dtype != Dtype::f64) piece.type = stored_type(t);
  return piece;
}

void check_shape(const Tensor& t) {
  if (t.shape.empty() || t.shape.size() > 4 || std::find(t.shape.begin(), t.shape.end(), 0) != t.shape.end())
    fail(t, "expected 1 to 4 dimensions of at least 1, found " + shape_text(t));
}

class Planner {
 public:
  Planner(const safetensors::Folder& folder, const Config& config, const Architecture& architecture, const Description& description,
          std::optional<Type> matrices)
      : folder_(folder), config_(config), architecture_(architecture), description_(description), matrices_(matrices) {}

  std::vector<Made> run() {
    for (const Computed& c : description_.tensors) {
      Made made;
      made.name = c.name, made.values = c.values, made.dims = {static_cast<int64_t>(c.values.size())};
      made_.push_back(std::move(made));
    }
    const Tensor* head = tied_head();
    for (const Tensor* t : folder_.tensors())
      if (t != head && !is_beside(folder_, t->name) && !is_passed_over(plain(t->name))) add(*t);
    for (auto& [made, stack] : stacks_) finish(made_[made], stack);
    check_all_there();
    return std::move(made_);
  }

 private:
  std::string plain(std::string_view stored) const { return plain_name(architecture_, stored); }

  const Tensor* find(std::string_view name) const {
    const Tensor* found = folder_.find(name);
    for (const Renamed& r : architecture_.renamed)
      if (!found && name.starts_with(r.plain)) found = folder_.find(std::string(r.stored) + std::string(name.substr(r.plain.size())));
    return found;
  }

  bool is_passed_over(std::string_view name) const {
    const auto begins = [&](std::string_view begin) { return name.starts_with(begin); };
    const auto fits = [&](std::string_view pattern) { return begins(pattern) || match(pattern, name); };
    if (std::any_of(architecture_.passed_over.begin(), architecture_.passed_over.end(), fits)) return true;
    constexpr std::string_view layers = "model.layers.";
    if (!begins(layers)) return false;
    name.remove_prefix(layers.size());
    const auto layer = match("{}", name.substr(0, name.find('.')));
    return layer && layer->front() >= description_.layers && layer->front() < description_.layers + description_.drafts;
  }

  const Rule* rule_to(std::string_view name) const {
    const auto is_it = [&](const Rule& r) { return r.to == name; };
    const auto at = std::find_if(architecture_.tensors.begin(), architecture_.tensors.end(), is_it);
    return at == architecture_.tensors.end() ? nullptr : &*at;
  }

  // The output's matrix where it is not to be written: it is the token table. As in transformers, a checkpoint that has another one has
  // an output of its own, whatever tie_word_embeddings says, and of a tied pair either may be the one that was stored.
  const Tensor* tied_head() {
    const Rule *to_table = rule_to("token_embd.weight"), *to_head = rule_to("output.weight");
    if (!to_head) return nullptr;
    const Tensor *table = find(to_table->from), *head = find(to_head->from);
    const bool tied = description_.tied;
    if (!tied && !head)
      config_.fail("tie_word_embeddings", "is not true, so " + std::string(to_head->from) + " is expected in the folder, which has none");
    if (!tied || !head) return nullptr;
    if (!table) return add(*head, *to_table, {}), head;
    return same_values(*table, *head) ? head : nullptr;
  }

  bool same_values(const Tensor& a, const Tensor& b) const {
    if (a.shape != b.shape) return false;
    if (a.dtype == b.dtype && !is_float8(a.dtype)) return std::equal(a.bytes.begin(), a.bytes.end(), b.bytes.begin());
    const auto floats_of = [&](const Tensor& t) {
      check_shape(t);
      stored_type(t);
      Made made;
      made.dims = {t.shape.rbegin(), t.shape.rend()}, made.pieces = {piece_of(folder_, config_, t)};
      return made;
    };
    const Made x = floats_of(a), y = floats_of(b);
    std::vector<float> of_x(static_cast<size_t>(x.cols())), of_y(of_x.size());
    for (int64_t row = 0; row < x.rows(); row++) {
      x.make(row, 1, reinterpret_cast<uint8_t*>(of_x.data()));
      y.make(row, 1, reinterpret_cast<uint8_t*>(of_y.data()));
      if (of_x != of_y) return false;
    }
    return true;
  }

  // Those that every folder of the kind has, for each layer.
  void check_all_there() const {
    for (const Rule& rule : architecture_.tensors) {
      const bool in_layers = rule.to.find("{}") != std::string_view::npos;
      for (int64_t layer = 0; rule.held && layer < (in_layers ? description_.layers : 1); layer++)
        if (rule.held(description_, layer) && !places_.contains(filled(rule.to, {layer})))
          throw Error(
              Code::format,
              "tensor " + filled(rule.from, {layer}) + ": expected in the folder, which has none" +
                  (in_layers ? std::string("; ") + description_.counts + " says " + std::to_string(description_.layers) + " layers" : ""));
    }
  }

  // config.json says the sizes of all tensors.
  void check_sizes(const Tensor& t, const Rule& rule, int64_t layer) const {
    const std::vector<int64_t> shape = shape_of(t);
    size_t expected = 0;
    for (; expected < rule.shape.size() && !rule.shape[expected].empty(); expected++) {
      const std::string_view size = rule.shape[expected];
      if (expected < shape.size() && shape[expected] != description_.of(size, layer))
        fail(t, "expected " + std::to_string(description_.of(size, layer)) + (expected == 0 ? " rows" : " columns") + ", as " +
                    description_.setting(size) + " in config.json says, found " + shape_text(t));
    }
    if (shape.size() != expected) fail(t, "expected " + std::to_string(expected) + " dimensions, found " + shape_text(t));
  }

  void add(const Tensor& t) {
    bool has_place = false;
    for (const Rule& rule : architecture_.tensors) {
      const auto numbers = match(rule.from, plain(t.name));
      if (!numbers) continue;
      has_place = true;
      const bool holds = !numbers->empty() || !rule.held || rule.held(description_, 0);
      if (!rule.to.empty() && holds) add(t, rule, *numbers);
    }
    if (!has_place)
      throw Error(Code::unsupported, "tensor " + shown(t.name) + ": architecture " + std::string(architecture_.name) +
                                         " has no place for it, so this variant of it is not read");
  }

  void add(const Tensor& t, const Rule& rule, const std::vector<int64_t>& numbers) {
    check_shape(t);
    const std::optional<int64_t> layer = layer_of(rule, numbers);
    if (layer && *layer >= description_.layers)
      fail(t, "expected layers below " + std::to_string(description_.layers) + ", as " + std::string(description_.counts) +
                  " in config.json says");
    if (layer && rule.held && !rule.held(description_, *layer))
      fail(t, "expected none in layer " + std::to_string(*layer) + ", as " + description_.kinds + " in config.json says");
    if (rule.first && layer.value_or(0) > 0) return;
    check_sizes(t, rule, layer.value_or(0));
    const std::string name = filled(rule.to, numbers);
    const auto [at, fresh] = places_.emplace(name, made_.size());
    if (fresh) {
      made_.push_back(begun(t, rule, name));
      const float factor = rule.by_layer && layer ? rule.by_layer(description_, *layer) : 1;
      if (factor != 1) made_.back().factors.push_back({INT64_MAX, factor});
    }
    if (stacks(rule)) {
      Stack& stack = stacks_[at->second];
      stack.count = rule.stacked;
      return stack.pieces.push_back({numbers.back(), piece_of(folder_, config_, t)});
    }
    if (!fresh) fail(t, "is the second that becomes " + name);
    made_.back().pieces = {shaped(piece_of(folder_, config_, t), made_.back())};
  }

  // Values in the order of the folder, in rows of another length: a vector that becomes a matrix.
  static StoredMatrix shaped(StoredMatrix piece, const Made& made) {
    if (!piece.scale && made.in_order() && made.rows() * made.cols() == piece.rows * piece.cols)
      piece.rows = made.rows(), piece.cols = made.cols();
    return piece;
  }

  Made begun(const Tensor& t, const Rule& rule, const std::string& name) const {
    Made made;
    made.name = name;
    made.change = rule.change;
    if (rule.layout.rows) made.rows_from = rule.layout.rows(description_);
    if (rule.layout.columns) made.columns_from = rule.layout.columns(description_);
    made.turned = rule.layout.turned;
    if (rule.factors && description_.written) made.factors = rule.factors(description_);
    const auto is_one = [](const Factor& f) { return f.first == 1 && f.second == 1; };
    if (std::all_of(made.factors.begin(), made.factors.end(), is_one)) made.factors.clear();
    made.dims = dims_of(t, rule, made);
    const Type stored = stored_type(t);
    if (made.dims.size() > 1 && (rule.change == Change::none || rule.change == Change::ternary)) made.type = matrices_.value_or(stored);
    return made;
  }

  std::vector<int64_t> dims_of(const Tensor& t, const Rule& rule, const Made& made) const {
    std::vector<int64_t> dims;
    for (const std::string_view size : rule.layout.becomes)
      if (!size.empty()) dims.insert(dims.begin(), description_.of(size));
    if (!dims.empty()) return dims;
    const std::vector<int64_t> shape = shape_of(t);
    dims.assign(shape.rbegin(), shape.rend());
    if (!made.columns_from.empty()) dims[0] = static_cast<int64_t>(made.columns_from.size());
    if (!made.rows_from.empty()) dims[1] = static_cast<int64_t>(made.rows_from.size());
    return dims;
  }

  using Numbered = std::pair<int64_t, StoredMatrix>;
  struct Stack {
    std::vector<Numbered> pieces;
    std::string_view count;  // the name of the size that says it
  };
  void finish(Made& made, Stack& stack) const {
    std::vector<Numbered>& pieces = stack.pieces;
    std::sort(pieces.begin(), pieces.end(), [](const Numbered& a, const Numbered& b) { return a.first < b.first; });
    for (size_t i = 0; i < pieces.size(); i++) {
      const Tensor& t = *pieces[i].second.from;
      if (pieces[i].first != static_cast<int64_t>(i)) fail(t, "expected number " + std::to_string(i) + " of those that are stacked");
      if (t.shape != pieces[0].second.from->shape || stored_type(t) != stored_type(*pieces[0].second.from))
        fail(t, "expected the shape and type of " + shown(pieces[0].second.from->name));
      made.pieces.push_back(pieces[i].second);
    }
    if (static_cast<int64_t>(pieces.size()) != description_.of(stack.count))
      fail(*pieces[0].second.from, "expected " + std::to_string(description_.of(stack.count)) + " of them, as " +
                                       description_.setting(stack.count) + " in config.json says, found " + std::to_string(pieces.size()));
    if (made.dims.size() > 3) fail(*pieces[0].second.from, "expected at most 3 dimensions of what is stacked");
    made.dims.push_back(static_cast<int64_t>(pieces.size()));
  }

  const safetensors::Folder& folder_;
  const Config& config_;
  const Architecture& architecture_;
  const Description& description_;
  const std::optional<Type> matrices_;
  std::vector<Made> made_;
  std::map<std::string, size_t> places_;
  std::map<size_t, Stack> stacks_;
};

void check_method(const Config& config) {
  const json::Value quantization = config["quantization_config"];
  if (!quantization) return;
  const std::string_view method = quantization["quant_method"].string().value_or("");
  for (const char* known : {"fp8", "mxfp4", "compressed-tensors", "fbgemm_fp8", "modelopt", "bitnet"})
    if (method == known) return;
  config.unsupported("quantization_config",
                     "quant_method: expected fp8, mxfp4 or bitnet, found \"" + shown(method) + "\", which is not read");
}

}  // namespace

Made dense_matrix(const safetensors::Folder& module, const Config& config, const std::string& name, std::optional<Type> matrices) {
  const Tensor* t = module.find("linear.weight");
  if (!t || module.tensors().size() != 1)
    throw Error(Code::unsupported,
                name + ": expected one tensor in the module's file, linear.weight, found " + std::to_string(module.tensors().size()));
  check_shape(*t);
  if (t->shape.size() != 2) fail(*t, "expected 2 dimensions, found " + shape_text(*t));
  Made made;
  made.name = name + ".weight";
  made.type = matrices.value_or(stored_type(*t));
  made.dims = {t->shape[1], t->shape[0]};
  made.pieces = {piece_of(module, config, *t)};
  return made;
}

float value_of(const safetensors::Folder& folder, const std::string& name) {
  const Tensor* t = folder.find(name);
  if (!t) throw Error(Code::format, "tensor " + name + ": expected in the folder, which has none");
  if (t->values() != 1) fail(*t, "expected one number, found " + shape_text(*t));
  Made made;
  made.dims = {1}, made.pieces = {{.from = t}};
  stored_type(*t);
  float x = 0;
  made.make(0, 1, reinterpret_cast<uint8_t*>(&x));
  return x;
}

std::vector<Made> plan(const safetensors::Folder& folder, const Config& config, const Architecture& architecture,
                       const Description& description, std::optional<Type> matrices) {
  check_method(config);
  std::vector<Made> made = Planner(folder, config, architecture, description, matrices).run();
  for (Made& m : made) {
    const int64_t block = quant::info(m.type).values;
    if (m.dims[0] % block != 0) m.type = Type::f16;  // as other converters do
    if (m.change == Change::ternary) m.unit = std::max(m.mean_size(), 1e-5f);
  }
  return made;
}

}  // namespace lt::convert
