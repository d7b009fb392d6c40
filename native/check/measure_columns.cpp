// Sums of squared inputs against those that an independent implementation finds (opset, numpy in double), on every backend, however the
// text is cut into batches; and what a run leaves that was stopped.
#include <algorithm>
#include <cmath>
#include <filesystem>
#include <random>

#include "check/check.h"
#include "check/golden.h"
#include "measure/imatrix.h"
#include "measure/pass.h"
#include "measure/watch.h"

namespace {

using namespace lt;
using namespace lt::check;
using quantize::Importance;

// Of golden/hf/llama, its 70 ids read as two chunks of 35: the sum over all columns, the first column's, the last one's.
struct Expected {
  const char* name;
  double all, first, last;
};
constexpr Expected llama[] = {
    {"blk.0.attn_k.weight", 4630.911, 169.6418, 72.51775},
    {"blk.0.attn_output.weight", 1161.631, 10.71578, 17.16761},
    {"blk.0.attn_q.weight", 4630.911, 169.6418, 72.51775},
    {"blk.0.attn_v.weight", 4630.911, 169.6418, 72.51775},
    {"blk.0.ffn_down.weight", 5890.788, 76.09477, 16.43754},
    {"blk.0.ffn_gate.weight", 4816.522, 102.1247, 39.23307},
    {"blk.0.ffn_up.weight", 4816.522, 102.1247, 39.23307},
    {"blk.1.attn_k.weight", 4712.689, 47.10928, 54.15212},
    {"blk.1.attn_output.weight", 1598.613, 26.51204, 16.50319},
    {"blk.1.attn_q.weight", 4712.689, 47.10928, 54.15212},
    {"blk.1.attn_v.weight", 4712.689, 47.10928, 54.15212},
    {"blk.1.ffn_down.weight", 5253.85, 165.3448, 5.813026},
    {"blk.1.ffn_gate.weight", 4642.389, 72.26434, 63.12105},
    {"blk.1.ffn_up.weight", 4642.389, 72.26434, 63.12105},
    {"output.weight", 4502.473, 32.80597, 55.62542},
};

bool near(double found, double wanted, double tolerance) { return std::abs(found - wanted) <= tolerance * std::abs(wanted); }

std::map<std::string, Importance::Entry> sums(const std::string& backend, int64_t rows, bool output) {
  const auto file = gguf::File::open(shared("golden/hf/llama/model-bf16.gguf"));
  measuring::ColumnSums columns;
  engine::EngineOptions o;
  o.backend = backend;
  o.batch_tokens = rows;
  o.cache_type = "f32";
  o.wrap = [&](std::unique_ptr<Backend> below) { return std::make_unique<measuring::Watched>(std::move(below), *file, columns, output); };
  const int64_t context = 35;
  measuring::Pass pass(*file, o, context, {0, output ? context : 0});
  const std::vector<int32_t> ids = golden_ids("llama");
  const int64_t all = std::ssize(ids) / context;
  for (int64_t at = 0; at < all; at += pass.group()) {
    const auto n = static_cast<size_t>(std::min(pass.group(), all - at) * context);
    CHECK(pass.run(std::span(ids).subspan(static_cast<size_t>(at * context), n), [](int64_t, auto) {}, [](double) { return false; }));
    columns.complete();
  }
  return columns.entries();
}

void check_sums(const std::string& backend, int64_t rows, double tolerance) {
  const auto found = sums(backend, rows, true);
  CHECK(found.size() == std::size(llama));
  for (const Expected& e : llama) {
    const Importance::Entry& entry = found.at(e.name);
    double all = 0;
    for (const float s : entry.sums) all += s;
    CHECK_THAT(entry.counts == std::vector<float>{70}, e.name);
    CHECK_THAT(near(all, e.all, tolerance) && near(entry.sums.front(), e.first, tolerance) && near(entry.sums.back(), e.last, tolerance),
               e.name << " on " << backend << ": " << all << " " << entry.sums.front() << " " << entry.sums.back());
  }
}

bool usable(const BackendEntry& b) { return !b.survey || !b.survey().devices.empty(); }

class Folder {
 public:
  Folder() : path_(std::filesystem::temp_directory_path() / ("llama-ts-columns-" + std::to_string(std::random_device{}()))) {
    std::filesystem::create_directory(path_);
  }
  ~Folder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  std::string at(const char* name) const { return (path_ / name).string(); }

 private:
  std::filesystem::path path_;
};

measuring::ImatrixOptions story_options() {
  measuring::ImatrixOptions o;
  o.engine.backend = "cpu";
  o.engine.threads = 1;
  o.context = 64;
  o.engine.batch_tokens = 128;
  o.chunks = 8;
  o.save_every = 2;
  o.dataset = "stories";
  return o;
}

measuring::Imatrix story(
    const std::string& out, const measuring::ImatrixOptions& o, const engine::Progress& progress = [](double) { return true; }) {
  const std::string text = read_file(shared("text/stories-calibration.txt")).substr(0, 8000);
  return measuring::imatrix(shared("models/story-Q8_0.gguf"), text, out, o, progress);
}

void check_equal(const Importance& a, const Importance& b, double tolerance) {
  CHECK(a.entries.size() == b.entries.size() && !a.entries.empty());
  for (const auto& [name, e] : a.entries) {
    const Importance::Entry& other = b.entries.at(name);
    CHECK_THAT(e.counts == other.counts && e.sums.size() == other.sums.size(), name);
    for (size_t i = 0; i < e.sums.size(); i++) CHECK_THAT(near(e.sums[i], other.sums[i], tolerance), name);
  }
}

}  // namespace

CHECK_CASE("measure/columns: the sums are those of an independent implementation, on every backend") {
  for (const BackendEntry& b : backends())
    if (usable(b)) check_sums(std::string(b.name), 512, b.name == "ref" ? 1e-6 : rounds_bf16(b.name) ? 1e-2 : 2e-3);
}

CHECK_CASE("measure/columns: however the text is cut into batches, the sums have the same bits") {
  const auto whole = sums("cpu", 512, true);
  for (const int64_t rows : {1, 20, 35, 50, 70}) {
    check_sums("ref", rows, 1e-6);
    for (const auto& [name, e] : sums("cpu", rows, true)) CHECK_THAT(e.sums == whole.at(name).sums, name << " in batches of " << rows);
  }
}

CHECK_CASE("measure/columns: the output matrix is left out unless asked for") {
  const auto found = sums("ref", 512, false);
  CHECK(found.size() == std::size(llama) - 1 && !found.contains("output.weight"));
}

CHECK_CASE("measure/imatrix: a run that was stopped is taken up and gives what one run gives") {
  const Folder folder;
  const measuring::Imatrix whole = story(folder.at("whole"), story_options());
  CHECK(whole.chunks == 8 && whole.all_chunks == 8 && whole.resumed == 0 && whole.tensors == 28);
  const auto stop_late = [](double fraction) { return fraction < 0.6; };
  CHECK_THROWS(story(folder.at("parts"), story_options(), stop_late), Code::disposed);
  const Importance half = quantize::read_importance(folder.at("parts"));
  CHECK(half.chunks > 0 && half.chunks < 8 && half.chunk_size == 64 && half.datasets == std::vector<std::string>{"stories"});
  measuring::ImatrixOptions resumed = story_options();
  resumed.resume = true;
  const measuring::Imatrix rest = story(folder.at("parts"), resumed);
  CHECK(rest.resumed == half.chunks && rest.resumed + rest.chunks == 8 && rest.all_chunks == 8);
  check_equal(quantize::read_importance(folder.at("whole")), quantize::read_importance(folder.at("parts")), 1e-6);
  CHECK(story(folder.at("parts"), resumed).chunks == 0);  // nothing is left to read
  resumed.context = 32;
  CHECK_THROWS(story(folder.at("parts"), resumed), Code::argument);
  resumed = story_options();
  resumed.resume = true;
  resumed.dataset = "another";
  CHECK_THROWS(story(folder.at("parts"), resumed), Code::argument);
}

CHECK_CASE("measure/imatrix: files are added to a run, or to each other") {
  const Folder folder;
  measuring::ImatrixOptions o = story_options();
  o.chunks = 2;
  story(folder.at("one"), o);
  const Importance one = quantize::read_importance(folder.at("one"));
  o.in_files = {folder.at("one")};
  CHECK(story(folder.at("two"), o).all_chunks == 4);
  o.in_files = {folder.at("one"), folder.at("one")};
  CHECK(measuring::imatrix({}, {}, folder.at("merged"), o, [](double) { return true; }).all_chunks == 4);
  const Importance two = quantize::read_importance(folder.at("two"));
  check_equal(two, quantize::read_importance(folder.at("merged")), 1e-6);
  const auto cols = std::ssize(one.entries.at("blk.0.attn_q.weight").sums);
  const std::vector<float> a = one.means("blk.0.attn_q.weight", 0, cols), b = two.means("blk.0.attn_q.weight", 0, cols);
  for (size_t i = 0; i < a.size(); i++) CHECK(near(a[i], b[i], 1e-6));
}

CHECK_CASE("measure/imatrix: what cannot be done is told") {
  const Folder folder;
  measuring::ImatrixOptions o = story_options();
  o.context = 100000;
  CHECK_THROWS(story(folder.at("x"), o), Code::argument);  // the text is shorter
  o = story_options();
  o.chunks = 0;
  CHECK_THROWS(story(folder.at("x"), o), Code::argument);
  CHECK_THROWS(measuring::imatrix({}, {}, folder.at("x"), story_options(), [](double) { return true; }), Code::argument);
  CHECK_THROWS(story(folder.at("absent/x"), story_options()), Code::disk);
  CHECK(!std::filesystem::exists(folder.at("x")));
}
