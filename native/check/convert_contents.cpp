// Folders of ../shared/golden against the GGUF files that llama.cpp's converter made of them.
#include <cstring>
#include <fstream>

#include "check/check.h"
#include "check/temporary.h"
#include "convert/convert.h"
#include "convert/folder.h"
#include "quant/type.h"

namespace lt::check {
namespace {

// Of each architecture that is read, all.
constexpr const char* folders[] = {"golden2/hf/t5",
                                   "golden2/hf/t5-flan",
                                   "golden/hf/llama",
                                   "golden/hf/llama-bias",
                                   "golden/hf/llama-rope3",
                                   "golden/hf/llama-linear",
                                   "golden/hf/mistral",
                                   "golden/hf/mixtral",
                                   "golden/hf/qwen2",
                                   "golden/hf/qwen2-yarn",
                                   "golden/hf/qwen3",
                                   "golden/hf/gemma3",
                                   "golden2/hf/gemma3-27b",
                                   "golden2/hf/gemma3-linear",
                                   "golden/hf/gpt-oss",
                                   "golden2/hf/gpt-oss-odd",
                                   "golden/hf/deepseek2-v2",
                                   "golden/hf/deepseek2-v3",
                                   "golden2/hf/glm4moelite",
                                   "golden2/hf/deepseek2-lite-yarn",
                                   "golden2/hf/deepseek2-v2-groups",
                                   "golden2/hf/deepseek2-v3-yarn",
                                   "golden/hf/qwen3next",
                                   "golden2/hf/qwen3next-tied",
                                   "golden/hf/qwen35",
                                   "golden2/hf/qwen35-tied",
                                   "golden/hf/modern-bert",
                                   "golden2/embed/modern-bert",
                                   "golden2/hf/llama-attnbias",
                                   "golden2/hf/llama-headdim",
                                   "golden2/hf/llama-tied-rope3",
                                   "golden2/hf/llama-yarn",
                                   "golden2/hf/qwen3-yarn",
                                   "golden2/hf/internlm3",
                                   "golden/hf/phi3",
                                   "golden/hf/phi3-longrope",
                                   "golden2/hf/phi3-phi4mini",
                                   "golden2/hf/phi3-phi4mini-short",
                                   "golden2/hf/phi3-window",
                                   "golden/hf/ministral3",
                                   "golden2/hf/ministral3-temp",
                                   "golden/hf/granite",
                                   "golden2/hf/granite-mult",
                                   "golden2/hf/granite4-micro",
                                   "golden/hf/smollm3",
                                   "golden2/hf/smollm3-yarn",
                                   "golden/hf/seed-oss",
                                   "golden/hf/hunyuan-dense",
                                   "golden2/hf/hunyuan-alpha",
                                   "golden/hf/ernie4_5",
                                   "golden2/hf/internlm2",
                                   "golden2/hf/minicpm",
                                   "golden2/hf/minicpm3",
                                   "golden2/hf/exaone",
                                   "golden/hf/arcee",
                                   "golden2/hf/arcee-yarn",
                                   "golden2/hf/apertus",
                                   "golden2/hf/qwen",
                                   "golden2/hf/baichuan7",
                                   "golden2/hf/baichuan13",
                                   "golden/hf/olmo",
                                   "golden2/hf/olmo-clip"};

bool same(std::span<const uint8_t> a, std::span<const uint8_t> b) {
  return a.size() == b.size() && (a.empty() || std::memcmp(a.data(), b.data(), a.size()) == 0);
}

std::span<const uint8_t> bytes_of(const gguf::HostTensor& t) { return {static_cast<const uint8_t*>(t.data), t.bytes}; }

// The name was made up, and others follow from it.
bool is_name(std::string_view key) {
  return key == "general.name" || key == "general.basename" || key == "general.version" || key == "general.finetune";
}

// Every entry of the reference is in the file with the same bytes, and hardly anything else is.
void compare_metadata(const gguf::File& file, const gguf::File& wanted) {
  for (const auto& [key, value] : file.metadata())
    CHECK_THAT(is_name(key) || key == "tokenizer.ggml.add_eos_token" || wanted.find(key), "metadata " << key << " is new");
  for (size_t i = 0; i < wanted.metadata().size(); i++) {
    const std::string_view key = wanted.metadata()[i].first;
    if (is_name(key)) continue;
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
  const std::string path = shared(name);
  const auto wanted = gguf::File::open(path + "/model-bf16.gguf");
  const auto folder = convert::open_folder(path);
  compare_metadata(*folder, *wanted);
  compare_tensors(*folder, *wanted);
  const Temporary temporary;
  convert::convert_folder(path, temporary.at("out.gguf"), {}, {});
  const auto converted = gguf::File::open(temporary.at("out.gguf"));
  compare_metadata(*converted, *wanted);
  compare_tensors(*converted, *wanted);
}

// Folders of this repository, whose files numpy wrote with the names and shapes of llama.cpp.
void same_tensors(const std::string& name) {
  const std::string path = LT_SOURCE_DIR "/test/fixtures/recurrent/" + name;
  const auto folder = convert::open_folder(path), wanted = gguf::File::open(path + "/model-bf16.gguf");
  compare_tensors(*folder, *wanted);
  for (const std::string_view key : {"tokenizer.ggml.model", "tokenizer.ggml.tokens", "tokenizer.ggml.token_type"}) {
    CHECK_THAT(folder->find(key) && wanted->find(key), "no metadata " << key);
    const auto at = [&](const gguf::File& file) {
      size_t i = 0;
      while (file.metadata()[i].first != key) i++;
      return file.raw_values()[i];
    };
    CHECK_THAT(same(at(*folder), at(*wanted)), "metadata " << key << " differs");
  }
}

CHECK_GENERATOR() {
  for (const std::string name : {"plamo2", "plamo2-step", "plamo2-window", "rwkv6-whole", "rwkv7", "rwkv7-deep"})
    cases().push_back({"convert/" + name + " becomes the tensors and tokens of llama.cpp's file", [=] { same_tensors(name); }});
  for (const std::string name : folders)
    cases().push_back({"convert/" + name + " becomes what llama.cpp's converter makes of it", [=] { same_contents(name); }});
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
    const auto folder = convert::open_folder(shared("golden/hf/" + std::string(name)));
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
  for (const char* name : {"golden/hf/llama", "golden/hf/gpt-oss", "golden/hf/deepseek2-v3", "golden/hf/qwen35"}) {
    const auto file = convert::open_folder(shared(name), streamed), whole = convert::open_folder(shared(name));
    for (const gguf::HostTensor& t : file->tensors()) {
      const auto* wanted = static_cast<const uint8_t*>(whole->tensor(t.name)->data);
      for (const size_t first : {size_t{0}, size_t{1}, t.bytes / 3, t.bytes - 1}) {
        std::vector<uint8_t> bytes(std::min<size_t>(t.bytes - first, 333));
        file->read(t, first, bytes);
        CHECK_THAT(std::memcmp(bytes.data(), wanted + first, bytes.size()) == 0, name << ": " << t.name << " from byte " << first);
      }
    }
  }
}

CHECK_CASE("convert/what GGUF files cannot say is not written to one") {
  const std::pair<const char*, const char*> folders_and_settings[] = {{"mistral-window", "sliding_window"},
                                                                      {"qwen2-window", "sliding_window"},
                                                                      {"qwen3-window", "sliding_window"},
                                                                      {"smollm3-norope", "no_rope_layers"},
                                                                      {"ernie4_5-bias", "use_bias"}};
  for (const auto& [name, setting] : folders_and_settings) {
    const Temporary temporary;
    try {
      convert::convert_folder(shared("golden2/hf/" + std::string(name)), temporary.at("out.gguf"), {}, {});
    } catch (const Error& e) {
      CHECK_THAT(e.code() == Code::unsupported && std::string(e.what()).find(setting) != std::string::npos, e.what());
      continue;
    }
    CHECK_THAT(false, name << " was converted");
  }
}

CHECK_CASE("convert/folders of other architectures are refused by name") {
  const Temporary folder;
  folder.write("config.json", R"({"architectures": ["WhaleForCausalLM"], "vocab_size": 300})");
  CHECK_THROWS(convert::open_folder(folder.path()), Code::unsupported);
  try {
    convert::open_folder(folder.path());
  } catch (const Error& e) {
    CHECK_THAT(std::string(e.what()).find("WhaleForCausalLM") != std::string::npos, e.what());
  }
}

}  // namespace
}  // namespace lt::check
