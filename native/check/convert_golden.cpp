// Folders of ../shared/golden/hf against the GGUF files that llama.cpp's converter made of them, and against the logits.
#include <cstring>
#include <fstream>

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

#ifdef __linux__
// Whether an address lies in a mapping of a file of this name, as the kernel tells.
bool in_mapping(const void* address, const std::string& name) {
  std::ifstream maps("/proc/self/maps");
  for (std::string line; std::getline(maps, line);) {
    const auto begin = std::stoull(line, nullptr, 16), end = std::stoull(line.substr(line.find('-') + 1), nullptr, 16);
    const auto at = reinterpret_cast<uintptr_t>(address);
    if (at >= begin && at < end) return line.ends_with(name);
  }
  return false;
}

CHECK_CASE("convert/matrices stay in the mapped file, but for llama's q and k") {
  for (const char* name : {"llama", "qwen3"}) {
    const auto folder = convert::open_folder(folder_of(name));
    for (const gguf::HostTensor& t : folder->tensors()) {
      const bool moved = std::string(name) == "llama" && (t.name.ends_with("attn_q.weight") || t.name.ends_with("attn_k.weight"));
      CHECK_THAT(in_mapping(t.data, "model.safetensors") == (t.n_dims > 1 && !moved), name << ": " << t.name);
    }
  }
}
#endif

CHECK_CASE("convert/a folder opened for streaming makes the same bytes, whichever are asked for") {
  convert::FolderOptions streamed;
  streamed.streamed = true;
  const auto file = convert::open_folder(folder_of("llama"), streamed), whole = convert::open_folder(folder_of("llama"));
  for (const gguf::HostTensor& t : file->tensors()) {
    const auto* wanted = static_cast<const uint8_t*>(whole->tensor(t.name)->data);
    for (const size_t first : {size_t{0}, size_t{1}, t.bytes / 3, t.bytes - 1}) {
      std::vector<uint8_t> bytes(std::min<size_t>(t.bytes - first, 333));
      file->read(t, first, bytes);
      CHECK_THAT(std::memcmp(bytes.data(), wanted + first, bytes.size()) == 0, t.name << " from byte " << first);
    }
  }
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
