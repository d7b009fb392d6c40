// Folders of ../shared/golden/hf, and of this repository, against the logits that transformers computed, and against those of the GGUF
// files made of them.
#include "check/forward.h"
#include "check/golden.h"
#include "convert/folder.h"
#include "model/model.h"

namespace lt::check {
namespace {

std::string folder_of(const std::string& name) { return golden_file(name, ""); }

std::shared_ptr<const gguf::File> reference(const std::string& name) { return gguf::File::open(folder_of(name) + "/model-bf16.gguf"); }

// Of folders that GGUF files cannot hold.
void folder_logits(const std::string& name, const std::string& backend_name) {
  const std::vector<int32_t> ids = golden_ids(name);
  const auto backend = open_backend(backend_name, {});
  const auto folder = convert::open_folder(folder_of(name));
  const auto model = model::load(*folder, *backend, {.context = std::ssize(ids)});
  check_distances(distances(forward(*model, *backend, ids, Type::f32), golden_rows(name), ids.size()), golden_tolerance(name), backend_name,
                  name);
}

void same_logits(const std::string& name) {
  const std::vector<int32_t> ids = golden_ids(name);
  const auto run = [&](const gguf::File& file, const char* backend_name) {
    const auto backend = open_backend(backend_name, {});
    const auto model = model::load(file, *backend);
    return forward(*model, *backend, ids, Type::f32);
  };
  const auto folder = convert::open_folder(folder_of(name));
  const double worst = distances(run(*folder, "ref"), golden_rows(name), ids.size()).back();
  CHECK_THAT(worst <= golden_exact, "the worst row is " << worst << " from the reference, expected at most " << golden_exact);
  CHECK(run(*folder, "cpu") == run(*reference(name), "cpu"));
}

CHECK_GENERATOR() {
  for (const std::string name : golden_folders) {
    cases().push_back({"convert/" + name + " gives the reference logits from its folder", [=] { same_logits(name); }});
  }
  for (const std::string name : {"rwkv6", "rwkv6-whole", "rwkv7", "rwkv7-deep", "plamo2", "plamo2-step", "plamo2-window"})
    cases().push_back({"convert/" + name + " gives the reference logits from its folder", [=] { same_logits(own_models + name); }});
  for (const std::string name : {"mistral-window", "qwen2-window", "qwen3-window", "smollm3-norope", "ernie4_5-bias"})
    for (const std::string backend : {"ref", "cpu"})
      cases().push_back({"convert/" + name + " gives the reference logits from its folder alone, on " + backend,
                         [=] { folder_logits("golden2/hf/" + name, backend); }});
}

}  // namespace
}  // namespace lt::check
