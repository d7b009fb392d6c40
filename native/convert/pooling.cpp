// What the library "sentence-transformers" says of a model: modules.json names what follows the encoder.
#include "convert/architecture.h"
#include "core/error.h"
#include "core/text.h"

namespace lt::convert {
namespace {

constexpr uint64_t largest_settings = 1'000'000;  // bytes of a file

// The numbers of {arch}.pooling_type.
struct Mode {
  std::string_view key;
  uint32_t type;
};
constexpr Mode modes[] = {{"pooling_mode_mean_tokens", 1}, {"pooling_mode_cls_token", 2}, {"pooling_mode_lasttoken", 3}};
constexpr std::string_view others[] = {"pooling_mode_max_tokens", "pooling_mode_mean_sqrt_len_tokens", "pooling_mode_weightedmean_tokens"};

// The last word of sentence_transformers.models.Pooling.
std::string_view kind_of(const json::Value& module) {
  const std::string_view type = module["type"].string().value_or("");
  return type.substr(type.rfind('.') + 1);
}

void describe_mode(const Config& config, Description& to) {
  uint32_t found = 0;
  for (const std::string_view key : others)
    if (config.boolean(key, false)) config.unsupported(key, "expected the mean, the first or the last row");
  for (const Mode& mode : modes) {
    if (!config.boolean(mode.key, false)) continue;
    if (found) config.unsupported(mode.key, "expected one way to bring rows together");
    found = mode.type;
  }
  if (!found) config.fail(modes[0].key, "expected a way to bring rows together, found none");
  to.put("pooling_type", found);
}

std::string_view checked_path(std::string_view path) {
  if (path.empty() || path.find_first_of(std::string_view("/\\:.\0", 5)) != std::string_view::npos)
    throw Error(Code::format, "path: expected a folder in this one, found \"" + shown(path) + "\"");
  return path;
}

// f(kind, path) of each.
template <class F>
void each_module(const std::string& folder, F f) {
  constexpr const char* name = "modules.json";
  const auto file = safetensors::naming(name, [&] { return safetensors::Text::open(folder, name, largest_settings); });
  if (!file) return;
  safetensors::naming(name, [&] {
    const json::Document document(file->text());
    for (const json::Member m : document.root()) f(kind_of(m.value), m.value["path"].string().value_or(""));
  });
}

// A dense layer behind the pooled row, or behind one before. GGUF has no key for what else such a layer may do.
void describe_dense(const Config& config, const std::string& key, Description& to) {
  const std::string_view activation = config.string("activation_function", "torch.nn.modules.linear.Identity");
  if (!activation.ends_with("Identity")) config.unsupported("activation_function", "expected none, found \"" + shown(activation) + "\"");
  config.expect_flag("bias", false);
  to.integer(key + "_feat_in", config.integer("in_features", 1, 1 << 20));
  to.integer(key + "_feat_out", config.integer("out_features", 1, 1 << 20));
}

}  // namespace

void describe_pooling(const std::string& folder, Description& to) {
  size_t dense = 2;  // files count modules from 0: the encoder, the pooling, then these
  each_module(folder, [&](std::string_view kind, std::string_view path) {
    const auto config = [&] { return Config(folder, std::string(checked_path(path)) + "/config.json", largest_settings); };
    if (kind == "Pooling")
      describe_mode(config(), to);
    else if (kind == "Dense" && dense <= 3)
      describe_dense(config(), "dense_" + std::to_string(dense++), to);
    else if (kind != "Transformer" && kind != "Normalize")
      throw Error(Code::unsupported, "a module of type " + shown(kind) + " is not read");
  });
}

std::vector<DenseModule> dense_modules(const std::string& folder) {
  std::vector<DenseModule> all;
  each_module(folder, [&](std::string_view kind, std::string_view path) {
    if (kind == "Dense") all.push_back({std::string(checked_path(path)), "dense_" + std::to_string(all.size() + 2)});
  });
  return all;
}

}  // namespace lt::convert
