#include "gguf/file_type.h"

#include <algorithm>
#include <map>

#include "quant/type.h"

namespace lt::gguf {
namespace {

constexpr FileType types[] = {{0, "F32"},     {1, "F16"},     {2, "Q4_0"},       {3, "Q4_1"},    {7, "Q8_0"},     {8, "Q5_0"},
                              {9, "Q5_1"},    {10, "Q2_K"},   {11, "Q3_K_S"},    {12, "Q3_K_M"}, {13, "Q3_K_L"},  {14, "Q4_K_S"},
                              {15, "Q4_K_M"}, {16, "Q5_K_S"}, {17, "Q5_K_M"},    {18, "Q6_K"},   {19, "IQ2_XXS"}, {20, "IQ2_XS"},
                              {21, "Q2_K_S"}, {22, "IQ3_XS"}, {23, "IQ3_XXS"},   {24, "IQ1_S"},  {25, "IQ4_NL"},  {26, "IQ3_S"},
                              {27, "IQ3_M"},  {28, "IQ2_S"},  {29, "IQ2_M"},     {30, "IQ4_XS"}, {31, "IQ1_M"},   {32, "BF16"},
                              {36, "TQ1_0"},  {37, "TQ2_0"},  {38, "MXFP4_MOE"}, {39, "NVFP4"},  {40, "Q1_0"},    {41, "Q2_0"}};

// The type that most bytes are of.
std::string commonest(const File& file) {
  std::map<Type, uint64_t> bytes;
  for (const HostTensor& t : file.tensors()) bytes[t.type] += t.bytes;
  const auto most = std::max_element(bytes.begin(), bytes.end(), [](const auto& a, const auto& b) { return a.second < b.second; });
  const quant::TypeInfo* type = most == bytes.end() ? nullptr : quant::find(most->first);
  return type ? type->name : "unknown";
}

}  // namespace

std::span<const FileType> file_types() { return types; }

std::string file_type(const File& file) {
  const Value* value = file.find("general.file_type");
  const uint64_t* id = value ? std::get_if<uint64_t>(value) : nullptr;
  const auto* found = std::find_if(std::begin(types), std::end(types), [&](const FileType& t) { return id && t.id == *id; });
  return found == std::end(types) ? commonest(file) : std::string(found->name);
}

}  // namespace lt::gguf
