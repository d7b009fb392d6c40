#include "quant/type.h"

#include <algorithm>
#include <array>
#include <string>
#include <vector>

#include "core/error.h"
#include "quant/types.inc"

namespace lt::quant {
namespace {

template <class T>
void dequantize_row(float* y, const void* row, int64_t cols) {
  const auto* blocks = static_cast<const typename T::Block*>(row);
  for (int64_t b = 0; b < cols / T::values; b++) {
    if constexpr (T::values == 1) {
      y[b] = T::value(blocks[b]);
    } else {
      for (int group = 0; group < T::values / 16; group++) T::dequantize16(blocks[b], group, y + b * T::values + group * 16);
    }
  }
}

template <class T>
constexpr TypeInfo weight() {
  static_assert(alignof(typename T::Block) <= 4);
  return {T::id, T::name, T::values, int{sizeof(typename T::Block)}, T::values > 1, dequantize_row<T>};
}

constexpr TypeInfo number(uint8_t id, const char* name, int bytes) { return {Type{id}, name, 1, bytes, false, nullptr}; }

struct Table {
  std::vector<TypeInfo> types;
  std::array<const TypeInfo*, 256> by_id{};

  Table() {
#define LT_QUANT_WEIGHT(T) types.push_back(weight<T>());
    LT_QUANT_TYPES(LT_QUANT_WEIGHT)
#undef LT_QUANT_WEIGHT
    for (const TypeInfo& t :
         {number(24, "I8", 1), number(25, "I16", 2), number(26, "I32", 4), number(27, "I64", 8), number(28, "F64", 8)}) {
      types.push_back(t);
    }
    std::sort(types.begin(), types.end(), [](const TypeInfo& a, const TypeInfo& b) { return a.id < b.id; });
    for (const TypeInfo& t : types) by_id[static_cast<uint8_t>(t.id)] = &t;
  }
};

const Table& table() {
  static const Table all;
  return all;
}

}  // namespace

std::span<const TypeInfo> types() { return table().types; }

const TypeInfo* find(Type id) { return table().by_id[static_cast<uint8_t>(id)]; }

const TypeInfo& info(Type id) {
  if (const TypeInfo* t = find(id)) return *t;
  const int number = static_cast<uint8_t>(id);
  const char* retired = retired_name(static_cast<uint32_t>(number));
  throw Error(Code::unsupported, "tensor type " + std::to_string(number) + (retired ? std::string(" (") + retired + ", retired)" : "") +
                                     ": expected one that GGUF defines");
}

const char* retired_name(uint32_t id) {
  switch (id) {
    case 4:
      return "Q4_2";
    case 5:
      return "Q4_3";
    case 31:
      return "Q4_0_4_4";
    case 32:
      return "Q4_0_4_8";
    case 33:
      return "Q4_0_8_8";
    case 36:
      return "IQ4_NL_4_4";
    case 37:
      return "IQ4_NL_4_8";
    case 38:
      return "IQ4_NL_8_8";
    default:
      return nullptr;
  }
}

int64_t row_bytes(Type id, int64_t cols) {
  const TypeInfo& t = info(id);
  if (cols < 0 || cols % t.values) {
    throw Error(Code::argument, std::string(t.name) + ": expected a row of a multiple of " + std::to_string(t.values) + " values, found " +
                                    std::to_string(cols));
  }
  return cols / t.values * t.bytes;
}

}  // namespace lt::quant
