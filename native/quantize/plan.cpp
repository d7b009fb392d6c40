#include "quantize/plan.h"

#include <algorithm>
#include <map>
#include <set>
#include <tuple>

#include "core/error.h"
#include "core/text.h"
#include "encode/encode.h"
#include "quant/type.h"
#include "quantize/coverage.h"
#include "quantize/layers.h"

namespace lt::quantize {
namespace {

// Matrices that are small, or whose errors cost more than their bytes: routers, convolutions, position tables, per-layer mixers, what makes
// RWKV's shares, decays and gates.
constexpr std::string_view kept[] = {"_norm.weight",         "ffn_gate_inp",  "ffn_gate_inp_shexp", "altup",          "laurel",
                                     "per_layer_model_proj", "position_embd", "token_types",        "pos_embd",       "ssm_conv1d",
                                     "shortconv.conv",       "time_mix_lerp", "time_mix_first",     "time_mix_decay", "time_mix_w",
                                     "time_mix_a",           "time_mix_v0",   "time_mix_v1",        "time_mix_v2",    "time_mix_g1",
                                     "time_mix_g2",          "attn_rel_b",    "patch_embd",         "cls.output"};

int dimensions(const gguf::HostTensor& t) {
  for (int d = 4; d > 1; d--)
    if (t.dims[static_cast<size_t>(d - 1)] > 1) return d;
  return 1;
}

bool quantizable(const gguf::HostTensor& t) {
  const auto holds = [&](std::string_view part) { return t.name.find(part) != std::string_view::npos; };
  return t.name.ends_with("weight") && dimensions(t) >= 2 && quant::info(t.type).dequantize &&
         std::none_of(std::begin(kept), std::end(kept), holds);
}

Role role_of(std::string_view name, bool tied) {
  if (name == "output.weight") return Role::output;
  if (name == "token_embd.weight" || name == "per_layer_token_embd.weight") return tied ? Role::output : Role::embedding;
  const std::pair<std::string_view, Role> parts[] = {
      {"attn_v.weight", Role::attn_v}, {"attn_kv_b.weight", Role::attn_v},  {"attn_k.weight", Role::attn_k},
      {"attn_q.weight", Role::attn_q}, {"attn_qkv.weight", Role::attn_qkv}, {"attn_output.weight", Role::attn_output},
      {"ffn_down", Role::ffn_down},    {"ffn_gate", Role::ffn_gate},        {"ffn_up", Role::ffn_up}};
  for (const auto& [part, role] : parts)
    if (name.find(part) != std::string_view::npos) return role;
  return Role::other;
}

int64_t first_number(const gguf::File& file, const std::string& key, int64_t fallback) {
  const gguf::Value* value = file.find(key);
  if (!value) return fallback;
  if (const auto* n = std::get_if<uint64_t>(value)) return static_cast<int64_t>(*n);
  if (const auto* n = std::get_if<int64_t>(value)) return *n;
  const auto* array = std::get_if<gguf::Array>(value);
  const auto largest = [fallback](const auto& numbers) {
    return numbers.empty() ? fallback : static_cast<int64_t>(*std::max_element(numbers.begin(), numbers.end()));
  };
  if (array && std::get_if<std::vector<uint64_t>>(array)) return largest(std::get<std::vector<uint64_t>>(*array));
  if (array && std::get_if<std::vector<int64_t>>(array)) return largest(std::get<std::vector<int64_t>>(*array));
  return fallback;
}

// Tells every tensor's place.
class Places {
 public:
  Places(const gguf::File& file, bool importance) : tied_(!file.tensor("output.weight")) {
    const std::string architecture(file.string("general.architecture").value_or(""));
    const auto number = [&](const char* key, int64_t fallback) { return first_number(file, architecture + key, fallback); };
    const int64_t heads = number(".attention.head_count", 1);
    same_.layers = number(".block_count", 0);
    same_.queries_per_kv = heads / std::max<int64_t>(1, number(".attention.head_count_kv", heads));
    same_.experts = number(".expert_count", 0);
    same_.importance = importance;
    same_.falcon = architecture == "falcon";
    for (const gguf::HostTensor& t : file.tensors()) layers_[role_of(t.name, tied_)].insert(layer(t.name));
  }

  Place of(const gguf::HostTensor& t) const {
    Place p = same_;
    p.role = role_of(t.name, tied_);
    p.columns = t.cols();
    const std::set<int64_t>& layers = layers_.at(p.role);
    p.index = std::distance(layers.begin(), layers.find(layer(t.name)));
    p.count = static_cast<int64_t>(layers.size());
    p.expert_matrix = t.dims[2] > 1;
    return p;
  }

 private:
  static int64_t layer(std::string_view name) { return layer_of(name).value_or(-1); }

  bool tied_;
  Place same_{};
  std::map<Role, std::set<int64_t>> layers_;
};

// What a user said of this very tensor.
std::optional<Type> said(const gguf::HostTensor& t, const Options& options) {
  for (const TensorRule& rule : options.tensor_types)
    if (rule.names.contains(t.name)) return rule.type;
  if (t.name == "output.weight") return options.output_type;
  if (t.name == "token_embd.weight") return options.embedding_type;
  return {};
}

// Types that a user chose and that do not divide rows of so many values.
class GivenWay {
 public:
  void add(const Choice& c, Type wanted) { names_[{wanted, c.to, c.from->cols()}].push_back(c.source); }

  std::vector<std::string> told() const {
    std::vector<std::string> notes;
    for (const auto& [key, names] : names_) {
      const auto& [wanted, got, cols] = key;
      notes.push_back(std::string(quant::info(got).name) + " in place of " + quant::info(wanted).name + ", of whose blocks rows of " +
                      std::to_string(cols) + " values are no multiple: " + listed(names));
    }
    return notes;
  }

 private:
  std::map<std::tuple<Type, Type, int64_t>, std::vector<std::string>> names_;
};

// A pattern that changes nothing was meant for something.
void refuse_idle(const Options& options, const Plan& plan) {
  for (const TensorRule& rule : options.tensor_types) {
    const auto fits = [&](const Choice& c) { return c.open && rule.names.contains(c.source); };
    if (std::any_of(plan.choices.begin(), plan.choices.end(), fits)) continue;
    throw Error(Code::argument, "tensorTypes: the pattern \"" + shown(rule.pattern) + "\" fits no tensor that can be quantized" +
                                    (rule.names.empty() ? std::string(": llama-ts inspect lists the names")
                                                        : ", but " + listed({rule.names.begin(), rule.names.end()}) +
                                                              ": vectors, norms, routers and what is left out stay as they are"));
  }
}

void check(const Choice& c, const Options& options) {
  if (c.to == c.from->type) return;
  const quant::TypeInfo &from = quant::info(c.from->type), &to = quant::info(c.to);
  if (from.block && !options.allow_requantize) {
    throw Error(Code::argument, c.source + " is quantized already, as " + from.name +
                                    ": start from an F32, F16 or BF16 file, or allow requantizing and accept the loss");
  }
  if (!encode::encodes(c.to))
    throw Error(Code::unsupported, std::string("weights are not encoded as ") + to.name + " here: choose another type");
}

}  // namespace

uint64_t Choice::bytes() const { return static_cast<uint64_t>(from->rows()) * static_cast<uint64_t>(quant::row_bytes(to, from->cols())); }

Plan make_plan(const gguf::File& file, const Options& options) {
  const bool copy = options.recipe == "COPY" || options.recipe == "copy";
  const Recipe* recipe = copy ? nullptr : &find_recipe(options.recipe);
  Plan plan{copy ? "COPY" : std::string(recipe->name), {}, {}, {}};
  if (recipe) plan.file_type = file_type_of(*recipe);
  const Places places(file, options.importance != nullptr);
  const Layers layers(file, options.pruned);
  GivenWay given_way;
  for (const gguf::HostTensor& t : file.tensors()) {
    const std::optional<std::string> name = layers.renamed(t.name);
    if (!name) continue;
    const bool open = quantizable(t) && !(options.leave_output && t.name == "output.weight");
    Choice c{&t, std::string(t.name), *name, t.type, open, false};
    if (const std::optional<Type> type = open ? said(t, options) : std::nullopt) {
      c.to = fitting(*type, t.cols());
      c.fixed = true;
      if (c.to != *type) given_way.add(c, *type);
    } else if (open && !copy) {
      c.to = fitting(options.pure ? recipe->base : type_for(*recipe, places.of(t)), t.cols());
    } else {
      c.fixed = true;
    }
    check(c, options);
    plan.choices.push_back(std::move(c));
  }
  refuse_idle(options, plan);
  plan.notes = given_way.told();
  if (options.output_type && !file.tensor("output.weight"))
    plan.notes.emplace_back("the output tensor's type is without effect: the model has no output.weight, its head is token_embd.weight");
  if (options.embedding_type && !file.tensor("token_embd.weight"))
    plan.notes.emplace_back("the token embedding's type is without effect: the model has no token_embd.weight");
  return plan;
}

bool open_to_choice(const Choice& c, const Options& options) {
  return c.open && !c.fixed && (options.allow_requantize || !quant::info(c.from->type).block);
}

std::vector<gguf::Field> metadata_of(std::vector<gguf::Field> fields, const Options& options, const Plan& plan) {
  std::erase_if(fields, [](const gguf::Field& f) { return f.key.starts_with("split."); });
  if (plan.type != "COPY") {
    gguf::put(fields, gguf::field("general.quantization_version", uint32_t{2}));
    std::erase_if(fields, [](const gguf::Field& f) { return f.key == "general.file_type"; });
    if (plan.file_type) gguf::put(fields, gguf::field("general.file_type", *plan.file_type));
  }
  if (options.importance) {
    const Importance& i = *options.importance;
    gguf::put(fields, gguf::field("quantize.imatrix.file", std::string_view(options.importance_name)));
    if (!i.datasets.empty()) gguf::put(fields, gguf::field("quantize.imatrix.dataset", std::string_view(i.datasets.front())));
    gguf::put(fields, gguf::field("quantize.imatrix.entries_count", static_cast<uint32_t>(i.entries.size())));
    gguf::put(fields, gguf::field("quantize.imatrix.chunks_count", i.chunks));
  }
  for (const gguf::Field& f : options.overrides) gguf::put(fields, f);
  return fields;
}

}  // namespace lt::quantize
