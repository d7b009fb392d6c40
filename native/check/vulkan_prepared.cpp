// Every pipeline that a model's steps ask for is made when it is loaded.
#include <numeric>

#include "backend/vulkan/pipelines.h"
#include "check/vulkan_check.h"
#include "core/sizing.h"
#include "engine/stage.h"
#include "gguf/file.h"
#include "model/model.h"

namespace lt::check {
namespace {

constexpr int64_t pages = 10;

// `n` rows of one sequence from position `first` on, or of as many sequences at that position.
engine::HostRows rows_of(int32_t n, int32_t first, bool one) {
  engine::HostRows rows;
  rows.wants = {1, 0};
  rows.starts = {0};
  for (int32_t r = 0; r < n; r++) {
    rows.ids.push_back(20 + r);
    rows.places.push_back(first + (one ? r : 0));
    rows.sequences.push_back(one ? 0 : r);
    if (!one || r + 1 == n) rows.outputs.push_back(r), rows.starts.push_back(r + 1);
  }
  rows.turns = rows.sees = rows.places;
  rows.reads.assign(rows.starts.size() - 1, -1);
  rows.writes.assign(rows.ids.size(), -1);
  rows.pages[0].resize(rows.reads.size() * pages);
  for (size_t i = 0; i < rows.pages[0].size(); i++) rows.pages[0][i] = static_cast<int32_t>(i % pages);
  return rows;
}

void steps(const std::string& variant, Type cache) {
  const auto file = gguf::File::open(LT_SOURCE_DIR "/models/story-Q8_0.gguf");
  const auto b = open_vulkan(variant);
  const auto model = model::load(*file, *b);
  b->reserve(measure(*model, 70, 4).needs());
  const int64_t before = vulkan::Pipelines::made();
  engine::Stage stage(*b, *model, {{{}, {model->shape().count()}, true, true}}, {70, 4, 4, {.reach = {0}, .pages = {pages}}, cache});
  const int64_t made = vulkan::Pipelines::made();
  CHECK(made > before);
  const auto run = [&](const engine::HostRows& rows) {
    stage.describe(rows);
    CHECK(stage.run(0, [] { return false; }));
    stage.logits(0);
    CHECK_THAT(vulkan::Pipelines::made() == made,
               vulkan::Pipelines::made() - made << " pipelines were made by a step of " << rows.ids.size() << " rows, " << variant);
  };
  for (const int32_t n : {1, 2, 12, 13, 32, 33, 64, 65, 70}) run(rows_of(n, 0, true));
  run(rows_of(5, 520, true));
  for (const int32_t n : {1, 2, 4}) {
    run(rows_of(n, 70, false));
    run(rows_of(n, 520, false));
  }
}

CHECK_CASE("vulkan/no pipeline is made after a model is loaded") {
  steps("plain", Type::f32);
  steps("", Type::f16);  // the best
  for (const vulkan::Variant& v : vulkan::variants_of(vulkan_device().usable(), true))
    if (vulkan::rounds(v.name)) steps(v.name, Type{8});
}

}  // namespace
}  // namespace lt::check
