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

}  // namespace

void describe_pooling(const std::string& folder, Description& to) {
  constexpr const char* name = "modules.json";
  const auto file = safetensors::naming(name, [&] { return safetensors::Text::open(folder, name, largest_settings); });
  if (!file) return;
  safetensors::naming(name, [&] {
    const json::Document document(file->text());
    for (const json::Member m : document.root()) {
      const std::string_view kind = kind_of(m.value), path = m.value["path"].string().value_or("");
      if (kind == "Pooling") {
        if (path.empty() || path.find_first_of(std::string_view("/\\:.\0", 5)) != std::string_view::npos)
          throw Error(Code::format, "path: expected a folder in this one, found \"" + shown(path) + "\"");
        describe_mode(Config(folder, std::string(path) + "/config.json", largest_settings), to);
      } else if (kind != "Transformer" && kind != "Normalize") {
        throw Error(Code::unsupported, "a module of type " + shown(kind) + " is not read");
      }
    }
  });
}

}  // namespace lt::convert
