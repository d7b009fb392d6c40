// More rows than a dispatch has groups: 65,535 of them are all that a device must have.
#include <cmath>
#include <cstring>

#include "check/forward.h"
#include "check/vulkan_check.h"
#include "model/model.h"

namespace lt::check {
namespace {

CHECK_CASE("vulkan/rows beyond 65,535 groups are computed") {
  const auto b = open_vulkan();
  Ops& ops = b->ops();
  const int64_t n = 65535 + 4465, cols = 2;
  const Tensor x = vulkan_floats(*b, n, cols, 1), u = vulkan_floats(*b, n, cols, 2), y = b->alloc(Type::f32, n, cols);
  const std::vector<float> left = vulkan_read(*b, x), right = vulkan_read(*b, u);
  ops.add(y, x, u);
  const std::vector<float> sums = vulkan_read(*b, y);
  for (size_t i = 0; i < sums.size(); i++) CHECK_THAT(sums[i] == left[i] + right[i], "sum " << i << " is " << sums[i]);

  std::vector<int32_t> ids(static_cast<size_t>(n));
  for (size_t i = 0; i < ids.size(); i++) ids[i] = static_cast<int32_t>((i * 48271) % ids.size());
  const Tensor wanted = b->alloc(Type::i32, n, 1);
  b->write(wanted, ids.data());
  ops.gather(y, x, wanted);
  const std::vector<float> picked = vulkan_read(*b, y);
  for (size_t i = 0; i < picked.size(); i++) CHECK(picked[i] == left[static_cast<size_t>(ids[i / cols]) * cols + i % cols]);

  ops.norm(y, x, {.eps = 1e-5f});
  const std::vector<float> normal = vulkan_read(*b, y);
  for (size_t r = 0; r < ids.size(); r++) {
    const float a = left[2 * r], c = left[2 * r + 1], scale = std::sqrt((a * a + c * c) / 2 + 1e-5f);
    CHECK_THAT(std::abs(normal[2 * r] * scale - a) < 1e-5f && std::abs(normal[2 * r + 1] * scale - c) < 1e-5f, "row " << r);
  }

  ops.map(y, x, u, {.act = Act::silu});
  const std::vector<float> gated = vulkan_read(*b, y);
  for (size_t i = 0; i < gated.size(); i++) CHECK(std::abs(gated[i] - left[i] / (1 + std::exp(-left[i])) * right[i]) < 1e-5f);
}

// All dispatches of a model's pass: with as many groups as there are rows, and with at most three.
CHECK_CASE("vulkan/a pass in few groups has the bits of one in many") {
  const auto file = gguf::File::open(LT_SOURCE_DIR "/models/story-Q8_0.gguf");
  std::vector<int32_t> ids;
  for (int32_t i = 0; i < 75; i++) ids.push_back(20 + i * 37 % 900);
  for (const vulkan::Variant& v : vulkan::variants_of(vulkan_device().usable(), true)) {
    const auto logits = [&](size_t count) {
      const auto b = open_vulkan(v.name);
      return forward(*model::load(*file, *b), *b, {ids.begin(), ids.begin() + static_cast<int64_t>(count)}, Type::f16);
    };
    for (const size_t count : {ids.size(), size_t{7}}) {  // by tiles, and row by row
      const std::vector<float> many = logits(count);
      const Environment few("LLAMA_TS_VULKAN_GROUPS", "3");
      CHECK_THAT(same_bits(logits(count), many), v.name << ", " << count << " rows");
    }
  }
}

CHECK_CASE("vulkan/a grid that no device has is refused with the figures") {
  const auto b = open_vulkan();
  const uint32_t* limits = vulkan_device().properties.limits.maxComputeWorkGroupCount;
  const int64_t cols = int64_t{limits[0]} * 64 + 1;
  if (cols > int64_t{1} << 40) throw Skip{"this device has no such limit"};
  const Tensor wide{vulkan_floats(*b, 1, 4, 1).data, Type::f32, 1, cols, 0};  // refused before it is read
  CHECK_THROWS(b->ops().add(wide, wide, wide), Code::unsupported);
}

}  // namespace
}  // namespace lt::check
