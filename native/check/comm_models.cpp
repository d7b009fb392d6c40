// Models divided over ranks: within tolerance of the reference, the same bits on all ranks, and in exact mode those of one rank.
#include <cstring>

#include "check/golden.h"
#include "check/ranks.h"

namespace lt::check {
namespace {

std::vector<float> alone(const gguf::File& file, const std::string& backend_name, const std::vector<int32_t>& ids, Type cache,
                         bool hidden = false, const std::vector<int32_t>& decoder = {}) {
  const auto backend = open_backend(backend_name, {1, "", 0});
  return forward(*model::load(file, *backend, {.context = std::ssize(ids)}), *backend, ids, cache, nullptr, hidden, decoder);
}

void check_same_on_all(const std::vector<RankRun>& runs) {
  for (const RankRun& r : runs) CHECK_THAT(same_bits(r.logits, runs[0].logits), "ranks hold different bits: " << runs[0].division);
}

void golden_on_ranks(const std::string& name, const std::string& backend, int size) {
  const auto file = gguf::File::open(golden_file(name, "/model-bf16.gguf"));
  const std::vector<int32_t> ids = golden_ids(name), decoder = golden_decoder_ids(name);
  const bool hidden = golden_kind(name) == "hidden";
  const std::vector<RankRun> runs = forward_on_threads(size, *file, backend, ids, Type::f32, false, hidden, decoder);
  check_same_on_all(runs);
  check_distances(distances(runs[0].logits, golden_rows(name), decoder.empty() ? ids.size() : decoder.size()), golden_tolerance(name),
                  backend, name);
  const std::vector<RankRun> exact = forward_on_threads(size, *file, backend, ids, Type::f32, true, hidden, decoder);
  check_same_on_all(exact);
  CHECK_THAT(same_bits(exact[0].logits, alone(*file, backend, ids, Type::f32, hidden, decoder)),
             exact[0].division << ": not the bits of one rank");
}

bool usable(const BackendEntry& b) { return !b.survey || !b.survey().devices.empty(); }

CHECK_GENERATOR() {
  std::string absent;
  const std::vector<std::string> models = golden_models(absent);
  if (!absent.empty()) cases().push_back({"comm/the reference logits on ranks", [absent] { throw Skip{absent}; }});
  for (const BackendEntry& b : backends()) {
    if (!usable(b)) continue;
    const std::string backend(b.name);
    for (const std::string& name : models)
      for (const int size : {1, 2, 3, 4}) {
        if (b.survey && (name != "llama-bias" || size != 3)) continue;  // on a device: one model will do
        if (!of_all(name) || (size != 3 && !of_each_kind(name))) continue;
        cases().push_back(
            {"comm/" + name + " on " + backend + ", " + std::to_string(size) + " ranks", [=] { golden_on_ranks(name, backend, size); }});
      }
  }
}

const std::vector<int32_t> story_ids = {0, 474, 475, 263, 382, 16, 263, 762, 1009};

// 8-bit activations are rounded in blocks of 32 columns, which no cut divides: what differs is the order of sums.
CHECK_CASE("comm/quantized weights divide between blocks") {
  const auto file = gguf::File::open(LT_SOURCE_DIR "/models/story-Q8_0.gguf");
  const std::vector<float> one = alone(*file, "cpu", story_ids, Type::f16);
  for (const int size : {2, 3, 4, 5}) {
    const std::vector<RankRun> runs = forward_on_threads(size, *file, "cpu", story_ids, Type::f16, false);
    check_same_on_all(runs);
    const double worst = distances(runs[0].logits, one, story_ids.size()).back();
    CHECK_THAT(worst <= 2e-2 && worst > 0, runs[0].division << ": " << worst << " from one rank");
    const std::vector<RankRun> exact = forward_on_threads(size, *file, "cpu", story_ids, Type::f16, true);
    CHECK_THAT(same_bits(exact[0].logits, one), exact[0].division << ": not the bits of one rank");
  }
}

CHECK_CASE("comm/a rank holds its share of the weights") {
  const auto file = gguf::File::open(LT_SOURCE_DIR "/models/story-Q8_0.gguf");
  for (const bool exact : {false, true})
    for (const int size : {2, 3, 4}) {
      uint64_t sum = 0, most = 0;
      for (const RankRun& r : forward_on_threads(size, *file, "cpu", story_ids, Type::f16, exact)) {
        sum += r.weights;
        most = std::max(most, r.weights);
      }
      // Norms and what attention shares are on every rank.
      CHECK_THAT(sum < file->tensor_bytes() * 13 / 10, sum << " bytes on all ranks, " << file->tensor_bytes() << " in the file");
      CHECK_THAT(most < file->tensor_bytes() * 14 / 10 / static_cast<uint64_t>(size), most << " bytes on one of " << size << " ranks");
    }
}

std::string heads_text(int64_t heads, int64_t kv_heads, int ranks) {
  const model::HeadCut cut = model::cut_heads(heads, kv_heads, ranks);
  std::string kv;
  for (const model::Range& r : cut.kv) kv += " " + std::to_string(r.first) + "-" + std::to_string(r.first + r.count);
  return cut.query.text() + kv;
}

CHECK_CASE("comm/heads are divided with the KV head that they read") {
  const std::pair<std::string, std::string> wanted[] = {{heads_text(9, 3, 3), "3+3+3 0-1 1-2 2-3"},
                                                        {heads_text(9, 3, 2), "3+6 0-1 1-3"},
                                                        {heads_text(9, 3, 4), "1+2+3+3 0-1 0-1 1-2 2-3"},
                                                        {heads_text(4, 2, 3), "1+1+2 0-1 0-1 1-2"},
                                                        {heads_text(8, 1, 4), "2+2+2+2 0-1 0-1 0-1 0-1"},
                                                        {heads_text(2, 2, 4), ""},  // nothing to share
                                                        {heads_text(9, 3, 1), ""}};
  for (const auto& [found, expected] : wanted) CHECK_THAT(found == expected, found << " where " << expected << " was expected");
}

}  // namespace
}  // namespace lt::check
