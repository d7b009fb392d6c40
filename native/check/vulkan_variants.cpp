// Variants of the Vulkan backend: which a device gives, features forced off by name, and halves as the plain variant reads them.
#include <algorithm>
#include <cstring>

#include "check/vulkan_check.h"

namespace lt::check {
namespace {

using vulkan::Features;

std::string names(const Features& features, bool software = false) {
  std::string all;
  for (const vulkan::Variant& v : vulkan::variants_of(features, software)) all += (all.empty() ? "" : " ") + v.name;
  return all;
}

Features everything() {
  Features f;
  f.subgroup = 32;
  f.f16 = f.int8 = f.int8_fast = true;
  f.coopmat = {16, 16, 16};
  return f;
}

CHECK_CASE("vulkan/what a device reports decides its variants, and which is the best") {
  CHECK(names({}) == "plain");
  Features f;
  f.subgroup = 8;
  CHECK(names(f) == "subgroup plain");
  f.f16 = true;
  CHECK(names(f) == "f16 subgroup plain");
  f.int8 = true;
  CHECK(names(f) == "f16 subgroup plain int8");
  f.int8_fast = true;
  CHECK(names(f) == "int8 f16 subgroup plain");
  CHECK(names(everything()) == "coopmat int8 f16 subgroup plain");
  CHECK(names(everything(), true) == "f16 subgroup plain coopmat int8");
  Features wide = everything();
  wide.subgroup = 128;  // a tile has 64 invocations
  CHECK(names(wide) == "int8 f16 subgroup plain");
}

CHECK_CASE("vulkan/each feature is forced off by name, and no variant uses it then") {
  const auto less = [](const char* off) { return names(vulkan::without(everything(), off)); };
  CHECK(less("coopmat") == "int8 f16 subgroup plain");
  CHECK(less("int8") == "f16 subgroup plain");
  CHECK(less("f16") == "int8 subgroup plain");
  CHECK(less("subgroup") == "int8 f16 plain");
  CHECK(less("int8,subgroup") == "f16 plain");
  CHECK(less("subgroup,f16,int8,coopmat") == "plain");
  for (const char* off : {"subgroup", "f16", "int8", "coopmat"}) {
    for (const vulkan::Variant& v : vulkan::variants_of(vulkan::without(everything(), off), false)) {
      const std::string name = off;
      CHECK(name != "subgroup" || v.uses.subgroup == 0);
      CHECK(name != "f16" || !v.uses.f16);
      CHECK(name != "int8" || !v.uses.int8);
      CHECK(name != "coopmat" || v.uses.coopmat[0] == 0);
    }
  }
}

CHECK_CASE("vulkan/a feature of the environment's list is not opened, and a name that is none is told") {
  vulkan_device();
  const auto opens = [](const char* variant) { return open_vulkan(variant)->description().find(variant) != std::string::npos; };
  for (const vulkan::Variant& v : vulkan::variants_of(vulkan_device().features, true)) CHECK(opens(v.name.c_str()));
  {
    const Environment off("LLAMA_TS_VULKAN_WITHOUT", "subgroup,f16,int8,coopmat");
    CHECK(opens("plain"));
    CHECK(open_vulkan()->description().find("plain variant") != std::string::npos);
    for (const char* variant : {"subgroup", "f16", "int8", "coopmat"}) CHECK_THROWS(open_vulkan(variant), Code::argument);
  }
  const Environment off("LLAMA_TS_VULKAN_WITHOUT", "int8,imaginary");
  CHECK_THROWS(open_vulkan(), Code::argument);
}

// Every half that is a number, times one: denormals too, which a device may flush where it converts them itself.
std::vector<float> halves(const std::string& variant) {
  const auto b = open_vulkan(variant);
  std::vector<uint16_t> bits;
  for (uint32_t h = 0; h < 65536; h++)
    if ((h & 0x7c00) != 0x7c00) bits.push_back(static_cast<uint16_t>(h));
  const auto n = static_cast<int64_t>(bits.size());
  const float one = 1;
  const Tensor x = b->alloc(Type::f32, 1, 1), y = b->alloc(Type::f32, 1, n);
  b->write(x, &one);
  b->ops().matmul(y, x, b->place({bits.data(), Type::f16, n, 1, 2}));
  return vulkan_read(*b, y);
}

CHECK_CASE("vulkan/all variants read every half alike") {
  const std::vector<float> wanted = halves("plain");
  CHECK(std::count(wanted.begin(), wanted.end(), 1.0f) == 1);
  for (const vulkan::Variant& v : vulkan::variants_of(vulkan_device().features, true)) {
    const std::vector<float> found = halves(v.name);
    for (size_t i = 0; i < wanted.size(); i++)
      CHECK_THAT(std::memcmp(&found[i], &wanted[i], 4) == 0 || (found[i] == 0 && wanted[i] == 0),
                 v.name << ": number " << i << " is " << found[i] << ", expected " << wanted[i]);
  }
}

CHECK_CASE("vulkan/a product whose input reserve was not told of is an error, not a write past it") {
  if (!vulkan_device().features.int8) throw Skip{"needs a device with dot products of bytes"};
  const auto b = open_vulkan("int8");
  Needs needs;
  needs.matmul_input = 4 * 64;
  b->reserve(needs);
  const std::vector<uint8_t> blocks(34 * 2, 0);
  const Tensor w = b->place({const_cast<uint8_t*>(blocks.data()), Type{8}, 1, 64, 68});
  const Tensor x = vulkan_floats(*b, 2, 64, 1), y = b->alloc(Type::f32, 2, 1);
  b->ops().matmul(y.slice(0, 1), x.slice(0, 1), w);
  CHECK(vulkan_read(*b, y)[0] == 0);
  CHECK_THROWS(b->ops().matmul(y, x, w), Code::internal);
}

}  // namespace
}  // namespace lt::check
