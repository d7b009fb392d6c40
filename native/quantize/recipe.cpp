#include "quantize/recipe.h"

#include <algorithm>
#include <cctype>
#include <charconv>
#include <string>

#include "core/error.h"
#include "gguf/file_type.h"
#include "quant/type.h"

namespace lt::quantize {
namespace {

constexpr Type q4_0{2}, q4_1{3}, q5_0{6}, q5_1{7}, q8_0{8}, q2_k{10}, q3_k{11}, q4_k{12}, q5_k{13}, q6_k{14}, iq2_xxs{16}, iq2_xs{17},
    iq3_xxs{18}, iq1_s{19}, iq4_nl{20}, iq3_s{21}, iq2_s{22}, iq4_xs{23}, iq1_m{29}, tq1_0{34}, tq2_0{35}, mxfp4{39}, nvfp4{40}, q1_0{41},
    q2_0{42};

constexpr Recipe all_recipes[] = {
    {"F32", Type::f32}, {"F16", Type::f16}, {"BF16", Type::bf16}, {"Q8_0", q8_0},       {"Q6_K", q6_k},   {"Q5_K_M", q5_k},
    {"Q5_K_S", q5_k},   {"Q5_1", q5_1},     {"Q5_0", q5_0},       {"Q4_K_M", q4_k},     {"Q4_K_S", q4_k}, {"Q4_1", q4_1},
    {"Q4_0", q4_0},     {"IQ4_NL", iq4_nl}, {"IQ4_XS", iq4_xs},   {"Q3_K_L", q3_k},     {"Q3_K_M", q3_k}, {"Q3_K_S", q3_k},
    {"IQ3_M", iq3_s},   {"IQ3_S", iq3_s},   {"IQ3_XS", iq3_s},    {"IQ3_XXS", iq3_xxs}, {"Q2_K", q2_k},   {"Q2_K_S", q2_k},
    {"IQ2_M", iq2_s},   {"IQ2_S", iq2_xs},  {"IQ2_XS", iq2_xs},   {"IQ2_XXS", iq2_xxs}, {"IQ1_M", iq1_m}, {"IQ1_S", iq1_s},
    {"TQ2_0", tq2_0},   {"TQ1_0", tq1_0},   {"MXFP4_MOE", mxfp4}, {"NVFP4", nvfp4},     {"Q2_0", q2_0},   {"Q1_0", q1_0},
};

// Where among the tensors of its role a rule applies.
using When = bool (*)(const Place&);
bool always(const Place&) { return true; }
bool first_eighth(const Place& p) { return p.index < p.count / 8; }
bool first_sixteenth(const Place& p) { return p.index < p.count / 16; }
bool first_two(const Place& p) { return p.index < 2; }
bool first_four(const Place& p) { return p.index < 4; }
// The first and the last eighth, and every third between.
bool more_bits(const Place& p) {
  const int64_t eighth = p.count / 8;
  return p.index < eighth || p.index >= 7 * p.count / 8 || (p.index - eighth) % 3 == 2;
}
bool middle(const Place& p) { return p.index >= p.count / 8 && p.index < 7 * p.count / 8; }
bool shared(const Place& p) { return p.queries_per_kv >= 4; }
bool shared_or_experts(const Place& p) { return p.queries_per_kv >= 4 || p.experts >= 4; }
bool unguided(const Place& p) { return !p.importance; }
bool eight_experts(const Place& p) { return p.experts == 8; }
bool expert_matrix(const Place& p) { return p.expert_matrix; }
bool falcon(const Place& p) { return p.falcon; }

bool both(When a, When b, const Place& p) { return a(p) && b(p); }
bool first_eighth_unguided(const Place& p) { return both(first_eighth, unguided, p); }
bool first_eighth_guided(const Place& p) { return first_eighth(p) && p.importance; }
bool first_eighth_or_experts(const Place& p) { return first_eighth(p) || both(eight_experts, more_bits, p); }
bool falcon_start(const Place& p) { return both(falcon, first_sixteenth, p); }
bool falcon_more(const Place& p) { return both(falcon, more_bits, p); }
bool first_eighth_not_falcon(const Place& p) { return first_eighth(p) && !p.falcon; }
bool dense_more_or_falcon(const Place& p) { return !p.falcon || more_bits(p); }
bool not_falcon(const Place& p) { return !p.falcon; }

struct Rule {
  std::string_view recipes;  // by name; "*": all
  Role role;
  When when;
  Type type;
};

// The first that fits decides; where none does, the recipe's base.
constexpr Rule rules[] = {
    {"MXFP4_MOE Q8_0", Role::output, always, q8_0},
    {"*", Role::output, falcon, q8_0},
    {"IQ2_XXS IQ2_XS IQ3_XXS IQ1_S IQ2_S IQ2_M IQ1_M", Role::output, always, q5_k},
    {"*", Role::output, always, q6_k},

    {"MXFP4_MOE", Role::embedding, always, q8_0},
    {"IQ2_XXS IQ2_XS IQ1_S IQ1_M", Role::embedding, always, q2_k},
    {"IQ2_S IQ2_M IQ3_XXS", Role::embedding, always, iq3_s},
    {"TQ1_0 TQ2_0", Role::embedding, always, q4_k},

    {"IQ2_XXS IQ2_XS IQ1_S IQ2_S IQ2_M IQ1_M", Role::attn_v, shared_or_experts, q4_k},
    {"IQ2_S IQ2_M", Role::attn_v, always, iq3_s},
    {"IQ2_XXS IQ2_XS IQ1_S IQ1_M", Role::attn_v, always, q2_k},
    {"IQ2_XXS IQ2_XS IQ1_S IQ2_S IQ2_M IQ1_M", Role::attn_k, eight_experts, q4_k},
    {"IQ2_S IQ2_M", Role::ffn_down, first_eighth, iq3_s},
    {"IQ2_XXS IQ2_XS IQ1_S IQ1_M", Role::ffn_down, first_eighth, q2_k},
    {"IQ2_XXS IQ2_XS IQ1_S IQ2_S IQ2_M IQ1_M", Role::attn_output, eight_experts, q5_k},
    {"IQ1_S IQ1_M", Role::attn_output, always, iq2_xxs},
    {"IQ2_S IQ2_M", Role::attn_output, always, iq3_s},

    {"*", Role::attn_v, eight_experts, q8_0},
    {"Q2_K", Role::attn_v, shared, q4_k},
    {"Q2_K", Role::attn_v, always, q3_k},
    {"Q2_K_S IQ3_XXS IQ3_XS IQ3_S", Role::attn_v, shared, q4_k},
    {"IQ3_XXS", Role::attn_v, unguided, iq3_s},
    {"IQ3_M", Role::attn_v, always, q4_k},
    {"Q3_K_M", Role::attn_v, first_two, q5_k},
    {"Q3_K_M", Role::attn_v, always, q4_k},
    {"Q3_K_L", Role::attn_v, always, q5_k},
    {"IQ4_NL IQ4_XS", Role::attn_v, shared, q5_k},
    {"Q4_K_M Q5_K_M", Role::attn_v, more_bits, q6_k},
    {"Q4_K_S", Role::attn_v, first_four, q5_k},

    {"*", Role::attn_k, eight_experts, q8_0},
    {"IQ3_XS", Role::attn_k, always, iq3_xxs},
    {"IQ3_XXS", Role::attn_k, always, iq2_s},
    {"IQ3_XS", Role::attn_q, always, iq3_xxs},
    {"IQ3_XXS", Role::attn_q, always, iq2_s},

    {"Q2_K", Role::ffn_down, always, q3_k},
    {"Q2_K_S", Role::ffn_down, first_eighth, q4_k},
    {"IQ3_XXS", Role::ffn_down, first_eighth_unguided, q4_k},
    {"IQ3_XXS", Role::ffn_down, unguided, q3_k},
    {"Q3_K_M", Role::ffn_down, first_sixteenth, q5_k},
    {"Q3_K_M", Role::ffn_down, dense_more_or_falcon, q4_k},
    {"IQ3_M", Role::ffn_down, first_eighth_or_experts, q4_k},
    {"Q3_K_L", Role::ffn_down, falcon, q4_k},
    {"Q3_K_L", Role::ffn_down, always, q5_k},
    {"Q4_K_M", Role::ffn_down, falcon_start, q6_k},
    {"Q4_K_M", Role::ffn_down, falcon_more, q5_k},
    {"Q4_K_M", Role::ffn_down, falcon, q4_k},
    {"Q4_K_M Q5_K_M", Role::ffn_down, more_bits, q6_k},
    {"IQ4_NL IQ4_XS", Role::ffn_down, first_eighth_unguided, q5_k},
    {"Q4_K_S", Role::ffn_down, first_eighth_not_falcon, q5_k},
    {"Q4_0", Role::ffn_down, first_eighth_guided, q4_1},
    {"Q5_0", Role::ffn_down, first_eighth_guided, q5_1},

    {"Q3_K_L", Role::attn_output, falcon, q4_k},
    {"Q2_K IQ3_XS IQ3_XXS IQ3_S IQ3_M Q3_K_S Q3_K_M IQ4_NL IQ4_XS Q4_K_S Q4_K_M", Role::attn_output, eight_experts, q5_k},
    {"Q2_K", Role::attn_output, not_falcon, q3_k},
    {"IQ3_XXS", Role::attn_output, not_falcon, iq3_s},
    {"Q3_K_M IQ3_M", Role::attn_output, not_falcon, q4_k},
    {"Q3_K_L", Role::attn_output, always, q5_k},

    {"Q3_K_M Q3_K_L IQ3_M", Role::attn_qkv, always, q4_k},
    {"Q4_K_M", Role::attn_qkv, always, q5_k},
    {"Q5_K_M", Role::attn_qkv, always, q6_k},

    {"IQ3_XS", Role::ffn_gate, middle, iq3_xxs},
    {"IQ3_XS", Role::ffn_up, middle, iq3_xxs},
};

bool named(std::string_view names, std::string_view name) {
  if (names == "*") return true;
  for (size_t at = 0; (at = names.find(name, at)) != std::string_view::npos; at++) {
    const size_t end = at + name.size();
    if ((at == 0 || names[at - 1] == ' ') && (end == names.size() || names[end] == ' ')) return true;
  }
  return false;
}

std::string upper(std::string_view text) {
  std::string out(text);
  for (char& c : out) c = static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
  return out;
}

}  // namespace

std::span<const Recipe> recipes() { return all_recipes; }

uint32_t file_type_of(const Recipe& recipe) {
  const auto types = gguf::file_types();
  const auto at = std::find_if(types.begin(), types.end(), [&](const gguf::FileType& t) { return t.name == recipe.name; });
  return at == types.end() ? 0 : at->id;
}

const Recipe& find_recipe(std::string_view wanted) {
  std::string name = upper(wanted), known;
  if (name == "Q3_K" || name == "Q4_K" || name == "Q5_K") name += "_M";
  uint32_t number = 0;
  const auto [end, bad] = std::from_chars(name.data(), name.data() + name.size(), number);
  const bool by_number = bad == std::errc{} && end == name.data() + name.size();
  for (const Recipe& r : all_recipes) {
    if (r.name == name || (by_number && file_type_of(r) == number)) return r;
    known += (known.empty() ? "" : ", ") + std::string(r.name);
  }
  throw Error(Code::argument, "type: expected COPY or one of " + known + ", found \"" + std::string(wanted) + "\"");
}

Type find_type(std::string_view option, std::string_view wanted) {
  const std::string name = upper(wanted);
  std::string known;
  for (const quant::TypeInfo& t : quant::types()) {
    if (!t.dequantize) continue;
    if (name == t.name) return t.id;
    known += (known.empty() ? "" : ", ") + std::string(t.name);
  }
  throw Error(Code::argument,
              std::string(option) + ": expected a weight type, one of " + known + ", found \"" + std::string(wanted) + "\"");
}

Type type_for(const Recipe& recipe, const Place& place) {
  if (recipe.name == "MXFP4_MOE" && place.role != Role::output && place.role != Role::embedding) return expert_matrix(place) ? mxfp4 : q8_0;
  if (!quant::info(recipe.base).block) return recipe.base;
  if (place.role == Role::output && place.columns % quant::info(recipe.base).values) return q8_0;
  for (const Rule& r : rules) {
    if (r.role == place.role && named(r.recipes, recipe.name) && r.when(place)) return r.type;
  }
  return recipe.base;
}

Type fitting(Type wanted, int64_t cols) {
  const auto divides = [cols](Type t) { return cols % quant::info(t).values == 0; };
  if (divides(wanted)) return wanted;
  Type next = Type::f16;
  switch (static_cast<uint8_t>(wanted)) {
    case 34:
    case 35:
    case 10:
    case 11:
    case 41:
    case 42:
      next = q4_0;
      break;
    case 16:
    case 17:
    case 18:
    case 19:
    case 21:
    case 22:
    case 23:
    case 29:
      next = iq4_nl;
      break;
    case 12:
    case 40:
      next = q5_0;
      break;
    case 13:
      next = q5_1;
      break;
    case 14:
      next = q8_0;
      break;
    default:
      break;
  }
  return divides(next) ? next : Type::f16;
}

}  // namespace lt::quantize
