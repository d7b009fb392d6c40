#include "convert/architecture.h"

#include <algorithm>

#include "core/error.h"
#include "core/text.h"

namespace lt::convert {
namespace {

std::vector<const Architecture*>& all() {
  static std::vector<const Architecture*> list;
  return list;
}

std::string known() {
  std::vector<std::string_view> names;
  for (const Architecture* a : all()) names.insert(names.end(), a->classes.begin(), a->classes.end());
  std::sort(names.begin(), names.end());
  std::string out;
  for (const std::string_view n : names) out += (out.empty() ? "" : ", ") + std::string(n);
  return out;
}

}  // namespace

int64_t Description::of(Size size) const {
  switch (size) {
    case Size::vocabulary:
      return vocabulary;
    case Size::width:
      return width;
    case Size::query:
      return heads * head_dim;
    case Size::key_value:
      return kv_heads * head_dim;
    case Size::head:
      return head_dim;
    case Size::feed_forward:
      return feed_forward;
    case Size::experts:
      return experts;
    case Size::none:
      break;
  }
  return 1;
}

const char* Description::setting(Size size) {
  static constexpr const char* names[] = {"",
                                          "vocab_size",
                                          "hidden_size",
                                          "num_attention_heads x head_dim",
                                          "num_key_value_heads x head_dim (by default hidden_size / num_attention_heads)",
                                          "head_dim",
                                          "intermediate_size",
                                          "num_local_experts"};
  return names[static_cast<size_t>(size)];
}

RegisterArchitecture::RegisterArchitecture(const Architecture& architecture) { all().push_back(&architecture); }

std::string_view class_of(const Config& config) {
  for (const json::Member m : config["architectures"])
    if (const auto name = m.value.string()) return *name;
  config.fail("architectures", "expected a list with the name of the model's class, found none");
}

const Architecture& architecture_of(const Config& config) {
  const std::string_view name = class_of(config);
  for (const Architecture* a : all())
    if (std::find(a->classes.begin(), a->classes.end(), name) != a->classes.end()) return *a;
  config.unsupported("architectures", "folders of " + shown(name) + " are not read; those that are: " + known());
}

}  // namespace lt::convert
