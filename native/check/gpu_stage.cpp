// The engine's use of recordings: a decode is recorded once a bucket (rows, and entries of attention's work list) and run again after
// page tables, positions and rows changed, with the bytes of a step that calls its ops; and what happens where recording fails.
#include <cstring>

#include "check/check.h"
#include "core/sizing.h"
#include "core/wrapper.h"
#include "engine/stage.h"
#include "gguf/file.h"
#include "model/model.h"

namespace lt::check {
namespace {

struct Counts {
  int recorded = 0, ran = 0, kept = 0;
};

class Counted final : public Plan {
 public:
  Counted(std::unique_ptr<Plan> plan, Counts& counts) : plan_(std::move(plan)), counts_(counts) { counts_.kept++; }
  ~Counted() override { counts_.kept--; }
  void run() override {
    counts_.ran++;
    plan_->run();
  }

 private:
  std::unique_ptr<Plan> plan_;
  Counts& counts_;
};

// Records as the backend below does, or fails to.
class Recorder final : public Wrapper {
 public:
  Recorder(std::unique_ptr<Backend> b, Counts& counts, std::optional<Code> failure = {})
      : Wrapper(std::move(b)), counts_(counts), failure_(failure) {}
  bool records() const override { return true; }
  std::unique_ptr<Plan> record(std::function<void(Ops&)> forward) override {
    counts_.recorded++;
    if (failure_) throw Error(*failure_, "on purpose");
    return std::make_unique<Counted>(below().record(std::move(forward)), counts_);
  }

 private:
  Counts& counts_;
  std::optional<Code> failure_;
};

class Plain final : public Wrapper {  // which records nothing
 public:
  using Wrapper::Wrapper;
};

struct Row {
  int32_t token, position;
  std::vector<int32_t> pages;
};

constexpr int64_t pages = 12;

class Decoder {
 public:
  Decoder(std::unique_ptr<Backend> backend, int64_t rows)
      : file_(gguf::File::open(LT_SOURCE_DIR "/models/story-Q8_0.gguf")), backend_(std::move(backend)) {
    model_ = model::load(*file_, *backend_);
    backend_->reserve(measure(*model_, rows, rows).needs());
    stage_ =
        std::make_unique<engine::Stage>(*backend_, *model_, std::vector<engine::Segment>{{{}, {model_->shape().count()}, true, true}},
                                        engine::BatchSize{rows, rows, rows, engine::CacheSize{.reach = {0}, .pages = {pages}}, Type::f16});
  }
  // Logits of all rows.
  std::vector<float> step(const std::vector<Row>& rows) {
    engine::HostRows h;
    h.wants = {1, 0};
    h.starts = {0};
    for (size_t r = 0; r < rows.size(); r++) {
      const auto number = static_cast<int32_t>(r);
      h.ids.push_back(rows[r].token);
      h.places.push_back(rows[r].position);
      h.sequences.push_back(number);
      h.outputs.push_back(number);
      h.starts.push_back(number + 1);
      h.reads.push_back(-1);
      h.writes.push_back(-1);
      h.pages[0].insert(h.pages[0].end(), rows[r].pages.begin(), rows[r].pages.end());
      h.pages[0].resize((r + 1) * pages);
    }
    h.turns = h.sees = h.places;
    stage_->describe(h);
    CHECK(stage_->run(0, [] { return false; }));
    std::vector<float> all;
    for (size_t r = 0; r < rows.size(); r++) {
      const std::span<const float> logits = stage_->logits(static_cast<int64_t>(r));
      all.insert(all.end(), logits.begin(), logits.end());
    }
    return all;
  }

 private:
  std::shared_ptr<const gguf::File> file_;
  std::unique_ptr<Backend> backend_;
  std::unique_ptr<Model> model_;
  std::unique_ptr<engine::Stage> stage_;
};

// Positions that no step has filled hold zeros, which are as good as any.
void steps_recorded(const std::string& name) {
  Counts counts;
  Decoder plain(std::make_unique<Plain>(open_backend(name, {})), 3);
  Decoder kept(std::make_unique<Recorder>(open_backend(name, {}), counts), 3);
  counts = {};
  const std::vector<int32_t> a = {3, 1, 4, 0, 5, 9, 2, 6, 8}, b = {3, 7, 4, 0, 5, 9, 2, 6, 10}, moved = {11, 1, 4, 0, 5, 9, 2, 6, 8};
  struct Step {
    std::vector<Row> rows;
    int recordings;  // so far
  };
  const std::vector<Step> steps = {
      {{{474, 0, a}}, 1},
      {{{475, 1, a}}, 1},
      {{{263, 2, moved}}, 1},  // its page has moved
      {{{382, 63, a}}, 1},
      {{{16, 64, a}, {17, 64, b}}, 2},    // a fork: the first page is shared, the second its own
      {{{763, 65, b}, {762, 65, a}}, 2},  // in another order
      {{{1009, 66, a}}, 1 + 1},           // one has ended
      {{{16, 511, a}}, 2},
      {{{263, 512, a}}, 3},  // sees a second split
      {{{474, 513, a}}, 3},
      {{{475, 513, moved}}, 3},
      {{{475, 514, a}, {474, 70, b}}, 4},   // three splits of two rows
      {{{263, 515, a}, {474, 514, b}}, 4},  // four: the same bucket
      {{{263, 71, a}, {474, 515, b}, {16, 72, a}}, 5},
      {{{382, 5, a}}, 5},
  };
  int ran = 0;
  for (const Step& s : steps) {
    const std::vector<float> wanted = plain.step(s.rows), found = kept.step(s.rows);
    CHECK_THAT(same_bits(found, wanted), "step " << ran << " differs from one that is not recorded");
    CHECK_THAT(counts.recorded == s.recordings && counts.ran == ++ran,
               "step " << ran << ": " << counts.recorded << " recordings, expected " << s.recordings << "; " << counts.ran << " runs");
  }
}

CHECK_GENERATOR() {
  for (const BackendEntry& b : backends()) {
    if (!b.survey) continue;
    const std::string name(b.name);
    cases().push_back({"gpu/decodes on " + name + " are recorded once a bucket, with the bytes of plain ones", [name, &b] {
                         if (const Survey here = b.survey(); here.devices.empty()) throw Skip{here.why_not};
                         CHECK(open_backend(name, {})->records());
                         steps_recorded(name);
                       }});
  }
}

CHECK_CASE("gpu/where recording fails, steps call their ops; a lost device is an error") {
  const std::vector<int32_t> table = {2, 1};
  Decoder plain(open_backend("cpu", {1, ""}), 2);
  for (const Code code : {Code::memory, Code::unsupported}) {
    Counts counts;
    Decoder failing(std::make_unique<Recorder>(open_backend("cpu", {1, ""}), counts, code), 2);
    for (int32_t p = 0; p < 3; p++) CHECK(same_bits(failing.step({{474, p, table}}), plain.step({{474, p, table}})));
    CHECK(counts.recorded == 1 && counts.ran == 0);  // and nothing is tried again
  }
  Counts counts;
  Decoder lost(std::make_unique<Recorder>(open_backend("cpu", {1, ""}), counts, Code::device), 2);
  CHECK_THROWS(lost.step({{474, 0, table}}), Code::device);
}

CHECK_CASE("gpu/recordings are kept within bounds, those in use first") {
  constexpr int most = 40;
  Counts counts;
  Decoder decoder(std::make_unique<Recorder>(open_backend("cpu", {1, ""}), counts), most);
  const auto decode = [&](int n) {
    std::vector<Row> rows;
    for (int32_t r = 0; r < n; r++) rows.push_back({474, 0, {r % static_cast<int32_t>(pages)}});
    decoder.step(rows);
    return counts.recorded;
  };
  for (int n = 1; n <= most; n++) {
    CHECK(decode(n) == n);
    CHECK(decode(1) == n);  // stays, as it is in use
  }
  CHECK_THAT(counts.kept == 32, counts.kept << " are kept");
  CHECK(decode(most) == most && decode(2) == most + 1);
}

}  // namespace
}  // namespace lt::check
