#include "convert/adapter.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <map>

#include "convert/config.h"
#include "convert/folder.h"
#include "convert/header.h"
#include "convert/names.h"
#include "core/error.h"
#include "core/text.h"
#include "quant/type.h"
#include "safetensors/folder.h"

namespace lt::convert {
namespace {

using safetensors::Dtype;

constexpr uint64_t largest_adapter_config = 1'000'000;

[[noreturn]] void not_applied(const std::string& what, const std::string& why) { throw Error(Code::unsupported, what + ": " + why); }

struct Matrix {
  int64_t rows = 0, cols = 0;
  std::vector<float> values;

  float& at(int64_t r, int64_t c) { return values[static_cast<size_t>(r * cols + c)]; }
  float at(int64_t r, int64_t c) const { return values[static_cast<size_t>(r * cols + c)]; }
};
Matrix zeros(int64_t rows, int64_t cols) { return {rows, cols, std::vector<float>(static_cast<size_t>(rows * cols))}; }

Matrix read_matrix(const safetensors::Tensor& t) {
  const std::string name = "tensor " + shown(t.name);
  if (t.shape.size() != 2 || t.shape[0] < 1 || t.shape[1] < 1)
    throw Error(Code::format, name + ": expected a matrix, found " + std::to_string(t.shape.size()) + " dimensions");
  Type type;
  switch (t.dtype) {
    case Dtype::f32:
      type = Type::f32;
      break;
    case Dtype::f16:
      type = Type::f16;
      break;
    case Dtype::bf16:
      type = Type::bf16;
      break;
    default:
      not_applied(name, "expected F32, F16 or BF16, found " + std::string(safetensors::name_of(t.dtype)));
  }
  Matrix m = zeros(t.shape[0], t.shape[1]);
  quant::info(type).dequantize(m.values.data(), t.bytes.data(), std::ssize(m.values));
  return m;
}

// The factors of a module's change: B A, scaled by what adapter_config.json says.
struct ModuleFactors {
  Matrix a, b;
  bool table = false;  // of an embedding: a (rank, rows of the table), b (columns, rank)
};

// What adapter_config.json says, and refuses what it says besides.
class Peft {
 public:
  explicit Peft(const std::string& path) : config_(path, "adapter_config.json", largest_adapter_config) {
    if (!config_.found()) throw Error(Code::file, "expected adapter_config.json, found none: this is no adapter's folder");
    config_.expect_text("peft_type", "LORA");
    config_.expect_text("bias", "none");
    for (const char* flag : {"use_dora", "lora_bias", "fan_in_fan_out", "use_qalora"}) config_.expect_flag(flag, false);
    for (const char* list : {"modules_to_save", "layer_replication", "alora_invocation_tokens", "trainable_token_indices", "corda_config"})
      if (const json::Value v = config_[list]; v && v.size() > 0) config_.unsupported(list, "expected none, which is not applied");
    // These take from the model's weights what the factors begin with.
    for (const char* kind : {"pissa", "olora", "corda", "loftq"})
      if (config_["init_lora_weights"].string().value_or("").starts_with(kind))
        config_.unsupported("init_lora_weights", std::string("expected factors beside the model's own weights, found ") + kind +
                                                     "; convert the adapter to a LoRA of the unchanged model");
    for (const json::Member m : config_["target_parameters"]) parameters_.emplace_back(m.value.string().value_or(""));
  }

  // Of a module's name: its own alpha, where a pattern names it, by its rank.
  double scale(std::string_view module, int64_t rank) const {
    double alpha = config_.number("lora_alpha", 8);
    for (const json::Member m : config_["alpha_pattern"])
      if (names(m.key, module)) {
        alpha = m.value.number().value_or(alpha);
        break;
      }
    const auto r = static_cast<double>(rank);
    return alpha / (config_.boolean("use_rslora", false) ? std::sqrt(r) : r);
  }

  // target_parameters wrap a module once a parameter, in their order: the parameter whose factors lie under so many `base_layer`.
  std::string parameter(std::string_view module, size_t wrapped) const {
    std::vector<std::string> of;
    for (const std::string& p : parameters_)
      if (const size_t dot = p.rfind('.'); dot != std::string::npos && names(p.substr(0, dot), module)) of.push_back(p.substr(dot + 1));
    if (wrapped >= of.size())
      config_.unsupported("target_parameters", "expected one that names the factors of " + shown(module) + ", found none");
    return of[of.size() - 1 - wrapped];
  }

 private:
  // PEFT takes a pattern for the end of a name.
  bool names(std::string_view pattern, std::string_view module) const {
    const auto plain = [](char c) {
      return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || c == '.';
    };
    if (!std::all_of(pattern.begin(), pattern.end(), plain))
      config_.unsupported("alpha_pattern", "expected names of modules, found the pattern \"" + shown(pattern) + "\"");
    return module == pattern || (module.ends_with(pattern) && module[module.size() - pattern.size() - 1] == '.');
  }

  Config config_;
  std::vector<std::string> parameters_;
};

// The folder's modules, by the names of the model's weights without .weight.
std::map<std::string, ModuleFactors> read_modules(const safetensors::Folder& folder) {
  static constexpr struct {
    std::string_view ending;
    bool second, table;
  } halves[] = {{".lora_A.weight", false, false},
                {".lora_B.weight", true, false},
                {".lora_embedding_A", false, true},
                {".lora_embedding_B", true, true}};
  constexpr std::string_view prefix = "base_model.model.";
  std::map<std::string, ModuleFactors> modules;
  for (const safetensors::Tensor* t : folder.tensors()) {
    const auto half = std::find_if(std::begin(halves), std::end(halves), [&](const auto& h) { return t->name.ends_with(h.ending); });
    if (!t->name.starts_with(prefix) || half == std::end(halves))
      not_applied("tensor " + shown(t->name), "expected base_model.model.NAME with lora_A, lora_B, lora_embedding_A or lora_embedding_B");
    ModuleFactors& m = modules[std::string(t->name.substr(prefix.size(), t->name.size() - prefix.size() - half->ending.size()))];
    (half->second ? m.b : m.a) = read_matrix(*t);
    m.table = half->table;
  }
  for (const auto& [name, m] : modules)
    if (m.a.values.empty() || m.b.values.empty() || m.a.rows != m.b.cols)
      throw Error(Code::format, "module " + shown(name) + ": expected lora_A of as many rows as lora_B has columns, found " +
                                    std::to_string(m.a.rows) + " and " + std::to_string(m.b.cols));
  return modules;
}

// What rules need to know of the model: the sizes by which they order heads.
Description described_by_base(const gguf::File& base, const std::string& architecture) {
  Description d(architecture);
  // Of a list, one a layer, the largest: layers without have 0.
  const auto number = [&](const char* key, uint64_t otherwise) {
    const gguf::Value* v = base.find(architecture + "." + key);
    const auto* list = v ? std::get_if<gguf::Array>(v) : nullptr;
    const auto largest = [](const auto* all) {
      return all && !all->empty() ? static_cast<int64_t>(*std::max_element(all->begin(), all->end())) : 0;
    };
    if (list) return std::max(largest(std::get_if<std::vector<uint64_t>>(list)), largest(std::get_if<std::vector<int64_t>>(list)));
    return static_cast<int64_t>(v ? base.u64(architecture + "." + key).value_or(otherwise) : otherwise);
  };
  d.layers = number("block_count", 0);
  d.heads = number("attention.head_count", 1);
  d.kv_heads = number("attention.head_count_kv", static_cast<uint64_t>(d.heads));
  d.head_dim = number("attention.key_length", static_cast<uint64_t>(number("embedding_length", 1) / std::max<int64_t>(d.heads, 1)));
  d.size("heads", d.heads, "attention.head_count"), d.size("kv_heads", d.kv_heads, "attention.head_count_kv");
  d.size("head", d.head_dim, "attention.key_length");
  d.size("width", number("embedding_length", 0), "embedding_length");
  return d;
}

// An adapter's factors, put together under the names of the base's weights.
class Adapting {
 public:
  Adapting(const Peft& peft, const gguf::File& base)
      : peft_(peft),
        base_(base),
        architecture_(base.string("general.architecture").value_or("")),
        description_(described_by_base(base, architecture_)) {}

  void add(const std::string& module, ModuleFactors m) {
    if (const size_t experts = module.rfind(".experts"); experts != std::string::npos && is_wrapped(module.substr(experts + 8)))
      return add_parameter(module.substr(0, experts + 8), module.size() - experts - 8, m);
    const double scale = peft_.scale(module, m.b.cols);
    for (float& x : m.b.values) x = static_cast<float>(x * scale);
    bool placed = false;
    for (const Architecture* a : architectures_named(architecture_)) {
      for (const Rule& rule : a->tensors) {
        const auto numbers = match(rule.from, plain_name(*a, module + ".weight"));
        if (!numbers || rule.to.empty() || !base_.tensor(filled(rule.to, *numbers))) continue;
        add(module, m, rule, *numbers);
        placed = true;
      }
      if (placed) return;
    }
    not_applied("module " + shown(module), "expected one whose weights a model of architecture " + architecture_ + " has");
  }

  std::vector<FloatTensor> finish() {
    for (auto& [to, stack] : stacks_) finish(to, stack);
    return std::move(tensors_);
  }

 private:
  using Stack = std::map<int64_t, ModuleFactors>;

  // Behind ".experts" nothing, or ".base_layer" some times.
  static bool is_wrapped(std::string_view rest) {
    constexpr std::string_view base = ".base_layer";
    while (rest.starts_with(base)) rest.remove_prefix(base.size());
    return rest.empty();
  }

  void add(const std::string& module, const ModuleFactors& m, const Rule& rule, const std::vector<int64_t>& numbers) {
    const bool same = rule.change == Change::none || rule.change == Change::exact;
    if (!same || rule.layout.turned || rule.factors || rule.by_layer)
      not_applied("module " + shown(module), "a model of architecture " + architecture_ + " stores its weights changed");
    const std::string to = filled(rule.to, numbers);
    if (stacks(rule)) {
      stacks_[to][numbers.back()] = m;
      return;
    }
    if (m.table) return put(to, transposed(m.a), m.b, 1);
    put(to, ordered_columns(module, m.a, rule), ordered_rows(module, m.b, rule), 1);
  }

  std::vector<int64_t> order_of(const std::string& module, Order order, int64_t most) const {
    std::vector<int64_t> from;
    try {
      from = order(description_);
    } catch (const Error&) {  // a size that only config.json says
      not_applied("module " + shown(module), "a model of architecture " + architecture_ + " stores its rows in another order");
    }
    if (std::any_of(from.begin(), from.end(), [&](int64_t i) { return i >= most; }))
      throw Error(Code::format, "module " + shown(module) + ": expected as many rows or columns as the model's weights have, found " +
                                    std::to_string(most));
    return from;
  }

  Matrix ordered_rows(const std::string& module, const Matrix& m, const Rule& rule) const {
    if (!rule.layout.rows) return m;
    const std::vector<int64_t> from = order_of(module, rule.layout.rows, m.rows);
    Matrix out = zeros(std::ssize(from), m.cols);
    for (int64_t r = 0; r < out.rows; r++)
      for (int64_t c = 0; from[static_cast<size_t>(r)] >= 0 && c < m.cols; c++) out.at(r, c) = m.at(from[static_cast<size_t>(r)], c);
    return out;
  }

  Matrix ordered_columns(const std::string& module, const Matrix& m, const Rule& rule) const {
    if (!rule.layout.columns) return m;
    const std::vector<int64_t> from = order_of(module, rule.layout.columns, m.cols);
    Matrix out = zeros(m.rows, std::ssize(from));
    for (int64_t r = 0; r < m.rows; r++)
      for (int64_t c = 0; c < out.cols; c++)
        if (from[static_cast<size_t>(c)] >= 0) out.at(r, c) = m.at(r, from[static_cast<size_t>(c)]);
    return out;
  }

  static Matrix transposed(const Matrix& m) {
    Matrix out = zeros(m.cols, m.rows);
    for (int64_t r = 0; r < m.rows; r++)
      for (int64_t c = 0; c < m.cols; c++) out.at(c, r) = m.at(r, c);
    return out;
  }

  // All experts' factors in two matrices: lora_A counts experts first (row e * r + k), lora_B ranks first (column k * experts + e).
  void add_parameter(const std::string& module, size_t wrapped_characters, const ModuleFactors& m) {
    const std::string parameter = peft_.parameter(module, wrapped_characters / std::string_view(".base_layer").size());
    const auto numbers = match("model.layers.{}.mlp.experts", module);
    const std::string blk = numbers ? filled("blk.{}.", *numbers) : "";
    const gguf::HostTensor *gate = base_.tensor(blk + "ffn_gate_exps.weight"), *down = base_.tensor(blk + "ffn_down_exps.weight");
    const bool both = parameter == "gate_up_proj";
    if (!numbers || !gate || !down || (!both && parameter != "down_proj"))
      not_applied("parameter " + shown(parameter) + " of " + shown(module), "expected gate_up_proj or down_proj of a mixture of experts");
    const int64_t experts = down->dims[2], columns = gate->dims[1], rank = m.a.rows / experts;
    if (rank < 1 || m.a.rows != rank * experts || m.b.rows != (both ? 2 * columns : down->dims[1]))
      throw Error(Code::format, "parameter " + shown(parameter) + " of " + shown(module) + ": expected factors of " +
                                    std::to_string(experts) + " experts, found " + std::to_string(m.a.rows) + " and " +
                                    std::to_string(m.b.rows) + " rows");
    const double scale = peft_.scale(module, rank);
    const auto halves = [&](int64_t first, int64_t count) {
      Matrix b = zeros(experts * count, rank);
      for (int64_t e = 0; e < experts; e++)
        for (int64_t r = 0; r < count; r++)
          for (int64_t k = 0; k < rank; k++) b.at(e * count + r, k) = static_cast<float>(m.b.at(first + r, k * experts + e) * scale);
      return b;
    };
    if (!both) return put(blk + "ffn_down_exps.weight", m.a, halves(0, m.b.rows), experts);
    put(blk + "ffn_gate_exps.weight", m.a, halves(0, columns), experts);
    put(blk + "ffn_up_exps.weight", m.a, halves(columns, columns), experts);
  }

  void finish(const std::string& to, const Stack& stack) {
    const int64_t experts = base_.tensor(to)->dims[2], rank = stack.begin()->second.b.cols;
    const ModuleFactors& first = stack.begin()->second;
    Matrix a = zeros(experts * rank, first.a.cols), b = zeros(experts * first.b.rows, rank);
    for (const auto& [e, m] : stack) {
      if (e >= experts || m.a.rows != rank || m.a.cols != a.cols || m.b.rows != first.b.rows)
        throw Error(Code::format, "expert " + std::to_string(e) + " of " + to + ": expected one of " + std::to_string(experts) +
                                      ", with factors of one shape");
      std::copy(m.a.values.begin(), m.a.values.end(), a.values.begin() + e * rank * a.cols);
      std::copy(m.b.values.begin(), m.b.values.end(), b.values.begin() + e * first.b.rows * rank);
    }
    put(to, a, b, experts);
  }

  void put(const std::string& to, Matrix a, Matrix b, int64_t matrices) {
    const auto add = [&](const char* half, Matrix& m) {
      std::vector<int64_t> dims = {m.cols, m.rows / matrices};
      if (matrices > 1) dims.push_back(matrices);
      tensors_.push_back({to + half, std::move(dims), std::move(m.values)});
    };
    add(".lora_a", a), add(".lora_b", b);
  }

  const Peft& peft_;
  const gguf::File& base_;
  std::string architecture_;
  Description description_;
  std::map<std::string, Stack> stacks_;
  std::vector<FloatTensor> tensors_;
};

std::shared_ptr<const gguf::File> open_peft(const std::string& path, const gguf::File& base) {
  const Peft peft(path);
  const safetensors::Folder folder(path, "adapter_model.safetensors");
  Adapting adapting(peft, base);
  for (auto& [module, factors] : read_modules(folder)) adapting.add(module, std::move(factors));
  const std::string architecture(base.string("general.architecture").value_or(""));
  struct Held {
    std::vector<uint8_t> bytes;
    std::shared_ptr<const gguf::File> file;
  };
  const auto held = std::make_shared<Held>();
  held->bytes = file_of(
      {gguf::field("general.architecture", architecture), gguf::field("general.type", "adapter"), gguf::field("adapter.type", "lora")},
      adapting.finish());
  held->file = gguf::File::view(held->bytes);
  return {held, held->file.get()};
}

}  // namespace

std::shared_ptr<const gguf::File> open_adapter(const std::string& path, const gguf::File& base) {
  if (!is_folder(path)) return gguf::File::open(path);
  return safetensors::naming(path, [&] { return open_peft(path, base); });
}

}  // namespace lt::convert
