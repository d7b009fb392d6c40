// The mixes of weight types that people know by name, "Q4_K_M", and the type that each gives a tensor. The mixes are llama.cpp's:
// users compare files by these names, so a name means the same tensors in the same types.
#pragma once
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "core/tensor.h"

namespace lt::quantize {

struct Recipe {
  std::string_view name;
  Type base;  // of most matrices
};

std::span<const Recipe> recipes();

// By name whatever its case ("q4_k_m"; "Q4_K" is Q4_K_M, as Q3_K and Q5_K are their M) or by number (the value of
// general.file_type). Throws Code::argument with all names.
const Recipe& find_recipe(std::string_view name);
uint32_t file_type_of(const Recipe& recipe);

// A weight type by name whatever its case: "q6_k". Throws Code::argument with the option's name and those of all types.
Type find_type(std::string_view option, std::string_view name);

enum class Role : uint8_t { other, output, embedding, attn_q, attn_k, attn_v, attn_qkv, attn_output, ffn_gate, ffn_up, ffn_down };

// What the choice for a tensor depends on.
struct Place {
  Role role;
  int64_t columns;
  int64_t index, count;  // of this tensor among those of its role, and their number; by layer
  int64_t layers;
  int64_t queries_per_kv;  // query heads that share a KV head
  int64_t experts;         // 0: dense
  bool expert_matrix;      // one of several in a tensor of three dimensions
  bool importance;         // an importance matrix is at hand
  bool falcon;             // whose attention output and feed-forward are mixed differently
};

Type type_for(const Recipe& recipe, const Place& place);

// What takes the place of a type whose blocks do not divide a row of so many values; F16 where nothing smaller does.
Type fitting(Type wanted, int64_t cols);

}  // namespace lt::quantize
