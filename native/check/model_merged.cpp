// Every architecture's products with random low-rank changes, against the same model with those merged into its weights: what a row meets
// is the sum, whichever way a mixer reads its matrices.
#include <random>

#include "check/forward.h"
#include "check/golden.h"
#include "convert/header.h"
#include "gguf/writer.h"
#include "model/model.h"
#include "quant/type.h"

namespace lt::check {
namespace {

constexpr int64_t merged_rank = 2;

std::vector<float> floats_of(const gguf::HostTensor& t) {
  std::vector<float> all(static_cast<size_t>(t.rows() * t.cols()));
  quant::info(t.type).dequantize(all.data(), t.data, std::ssize(all));
  return all;
}

std::vector<int64_t> dims_of(const gguf::HostTensor& t) { return {t.dims.begin(), t.dims.begin() + t.n_dims}; }

struct ViewedFile {
  std::vector<uint8_t> bytes;
  std::shared_ptr<const gguf::File> file;

  ViewedFile(const std::vector<gguf::Field>& fields, const std::vector<convert::FloatTensor>& tensors)
      : bytes(convert::file_of(fields, tensors)), file(gguf::File::view(bytes)) {}
};

// Random factors of a matrix, or of each of several.
std::vector<convert::FloatTensor> factors_of(const gguf::HostTensor& t, std::mt19937& random) {
  const int64_t matrices = t.dims[2], in = t.dims[0], out = t.dims[1];
  const auto half = [&](const char* name, int64_t cols, int64_t rows, float size) {
    convert::FloatTensor f{std::string(t.name) + name, {cols, rows}, {}};
    if (matrices > 1) f.dims.push_back(matrices);
    std::uniform_real_distribution<float> values(-size, size);
    for (int64_t i = 0; i < cols * rows * matrices; i++) f.values.push_back(values(random));
    return f;
  };
  return {half(".lora_a", in, merged_rank, 0.3f), half(".lora_b", merged_rank, out, 0.1f)};
}

void merge(std::vector<float>& w, const gguf::HostTensor& t, const convert::FloatTensor& a, const convert::FloatTensor& b) {
  const int64_t in = t.dims[0], out = t.dims[1];
  for (int64_t m = 0; m < t.dims[2]; m++)
    for (int64_t r = 0; r < out; r++)
      for (int64_t c = 0; c < in; c++) {
        double sum = 0;
        for (int64_t k = 0; k < merged_rank; k++)
          sum += static_cast<double>(b.values[static_cast<size_t>((m * out + r) * merged_rank + k)]) *
                 static_cast<double>(a.values[static_cast<size_t>((m * merged_rank + k) * in + c)]);
        w[static_cast<size_t>((m * out + r) * in + c)] += static_cast<float>(sum);
      }
}

std::vector<gguf::Field> adapter_fields(const gguf::File& base) {
  return {gguf::field("general.architecture", *base.string("general.architecture")), gguf::field("general.type", "adapter"),
          gguf::field("adapter.type", "lora")};
}

// Whether the model has a product for these, which each row of a step meets once.
bool applies(const gguf::File& base, Backend& backend, const std::vector<convert::FloatTensor>& factors, int64_t rows) {
  const ViewedFile adapter(adapter_fields(base), factors);
  const std::vector<model::AdapterFile> files = {{.file = adapter.file, .name = "one"}};
  try {
    const auto model = model::load(base, backend, {.adapters = &files, .context = rows});
    measure(*model, rows, rows, 1);
    return true;
  } catch (const Error& e) {
    CHECK_THAT(e.code() == Code::unsupported, factors[0].name << ": " << e.what());
    return false;
  }
}

void merged(const std::string& name) {
  const std::vector<int32_t> ids = golden_ids(name), decoder = golden_decoder_ids(name);
  const auto base = gguf::File::open(golden_file(name, "/model-bf16.gguf"));
  const auto backend = open_backend("ref", {});
  const bool hidden = golden_kind(name) == "hidden";
  std::mt19937 random(3);
  std::vector<convert::FloatTensor> factors, tensors;
  size_t changed = 0;
  for (const gguf::HostTensor& t : base->tensors()) {
    tensors.push_back({std::string(t.name), dims_of(t), floats_of(t)});
    if (t.n_dims < 2 || t.name == "token_embd.weight") continue;
    const std::vector<convert::FloatTensor> both = factors_of(t, random);
    if (!applies(*base, *backend, both, std::ssize(ids))) continue;
    merge(tensors.back().values, t, both[0], both[1]);
    factors.insert(factors.end(), both.begin(), both.end());
    changed++;
  }
  CHECK_THAT(changed > 2, "an adapter can change " << changed << " of the weights");
  const ViewedFile adapter(adapter_fields(*base), factors), whole(gguf::fields_of(*base), tensors);
  const std::vector<model::AdapterFile> files = {{.file = adapter.file, .name = "all"}};
  const auto run = [&](const gguf::File& file, const std::vector<model::AdapterFile>& with, const std::vector<AdapterShare>& shares) {
    const auto model = model::load(file, *backend, {.adapters = &with, .context = std::ssize(ids)});
    return forward(*model, *backend, ids, Type::f32, nullptr, hidden, decoder, {std::ssize(with), shares});
  };
  const size_t rows = decoder.empty() ? ids.size() : decoder.size();
  const std::vector<float> wanted = run(*whole.file, {}, {}), found = run(*base, files, {{0, 1}});
  const std::vector<double> all = distances(found, wanted, rows);
  // Where a row's experts are nearly equal it may choose others: most rows tell.
  CHECK_THAT(all[all.size() / 2] <= 4 * golden_tolerance(name), "half of the rows are farther than " << all[all.size() / 2]);
  CHECK_THAT(distances(run(*base, files, {}), wanted, rows)[0] > 1e-3, "the adapter changes nothing");
}

CHECK_GENERATOR() {
  std::string absent;  // said where the logits are compared
  for (const std::string& name : golden_models(absent))
    if (of_all(name)) cases().push_back({"model/" + name + " with adapters as merged", [=] { merged(name); }});
}

}  // namespace
}  // namespace lt::check
