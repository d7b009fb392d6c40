// Folders of ../shared/golden/hf against the GGUF files that llama.cpp's converter made of them, and against the logits.
#include <cstring>
#include <set>

#include "check/forward.h"
#include "check/golden.h"
#include "check/temporary.h"
#include "convert/convert.h"
#include "convert/folder.h"
#include "model/model.h"
#include "quant/type.h"

namespace lt::check {
namespace {

std::string folder_of(const std::string& name) { return shared("golden/hf/" + name); }

std::shared_ptr<const gguf::File> reference(const std::string& name) { return gguf::File::open(folder_of(name) + "/model-bf16.gguf"); }

bool same(std::span<const uint8_t> a, std::span<const uint8_t> b) {
  return a.size() == b.size() && (a.empty() || std::memcmp(a.data(), b.data(), a.size()) == 0);
}

std::span<const uint8_t> bytes_of(const gguf::HostTensor& t) { return {static_cast<const uint8_t*>(t.data), t.bytes}; }

// Every entry of the reference is in the file with the same bytes, but for the name, which was made up.
void compare_metadata(const gguf::File& file, const gguf::File& wanted) {
  for (size_t i = 0; i < wanted.metadata().size(); i++) {
    const std::string_view key = wanted.metadata()[i].first;
    if (key == "general.name") continue;
    CHECK_THAT(file.find(key), "no metadata " << key);
    size_t at = 0;
    while (file.metadata()[at].first != key) at++;
    CHECK_THAT(same(file.raw_values()[at], wanted.raw_values()[i]), "metadata " << key << " differs");
  }
}

void compare_tensors(const gguf::File& file, const gguf::File& wanted) {
  CHECK_THAT(file.tensors().size() == wanted.tensors().size(), file.tensors().size() << " tensors, expected " << wanted.tensors().size());
  for (const gguf::HostTensor& w : wanted.tensors()) {
    const gguf::HostTensor* t = file.tensor(w.name);
    CHECK_THAT(t, "no tensor " << w.name);
    CHECK_THAT(t->type == w.type && t->dims == w.dims && t->n_dims == w.n_dims, "tensor " << w.name << " has another type or shape");
    CHECK_THAT(same(bytes_of(*t), bytes_of(w)), "tensor " << w.name << " has other values");
  }
}

void same_contents(const std::string& name) {
  const auto wanted = reference(name);
  const auto folder = convert::open_folder(folder_of(name));
  compare_metadata(*folder, *wanted);
  compare_tensors(*folder, *wanted);
  // Matrices that need no change are the file's own pages.
  const gguf::HostTensor* v = folder->tensor("blk.0.attn_v.weight");
  const auto again = convert::open_folder(folder_of(name));
  CHECK(v && again->tensor("blk.0.attn_v.weight")->data != v->data);  // another mapping

  const Temporary temporary;
  convert::convert_folder(folder_of(name), temporary.at("out.gguf"), {}, {});
  const auto converted = gguf::File::open(temporary.at("out.gguf"));
  compare_metadata(*converted, *wanted);
  compare_tensors(*converted, *wanted);
}

void same_logits(const std::string& name) {
  const std::vector<int32_t> ids = golden_ids(name);
  const auto run = [&](const gguf::File& file, const char* backend_name) {
    const auto backend = open_backend(backend_name, {});
    const auto model = model::load(file, *backend);
    return forward(*model, *backend, ids, Type::f32);
  };
  const auto folder = convert::open_folder(folder_of(name));
  const double worst = distances(run(*folder, "ref"), golden_logits(name), ids.size()).back();
  CHECK_THAT(worst <= golden_exact, "the worst row is " << worst << " from the reference, expected at most " << golden_exact);
  CHECK(run(*folder, "cpu") == run(*reference(name), "cpu"));
}

CHECK_GENERATOR() {
  for (const std::string name : golden_folders) {
    cases().push_back({"convert/" + name + " becomes what llama.cpp's converter makes of it", [=] { same_contents(name); }});
    cases().push_back({"convert/" + name + " gives the reference logits from its folder", [=] { same_logits(name); }});
  }
  cases().push_back({"convert/mixtral stacks its experts", [] { same_contents("mixtral"); }});
}

CHECK_CASE("convert/folders of other architectures are refused by name") {
  CHECK_THROWS(convert::open_folder(folder_of("bert")), Code::unsupported);
  try {
    convert::open_folder(folder_of("bert"));
  } catch (const Error& e) {
    CHECK_THAT(std::string(e.what()).find("BertModel") != std::string::npos, e.what());
  }
}

}  // namespace
}  // namespace lt::check
