// Chat templates: chat_template.jinja first, as in transformers, then what tokenizer_config.json and chat_template.json hold.
#include <algorithm>

#include "convert/vocabulary.h"
#include "core/error.h"
#include "core/text.h"

namespace lt::convert {
namespace {

constexpr uint64_t largest_template = 16'000'000;

std::string key_of(std::string_view name) {
  std::string out(name);
  std::replace_if(
      out.begin(), out.end(), [](char c) { return !(c >= 'a' && c <= 'z') && !(c >= 'A' && c <= 'Z') && !(c >= '0' && c <= '9'); }, '_');
  return "tokenizer.chat_template." + out;
}

void put_list(const json::Value& list, std::vector<gguf::Field>& fields) {
  std::vector<std::string> names;
  for (const json::Member m : list) {
    const auto name = m.value["name"].string(), text = m.value["template"].string();
    if (!name || !text) continue;
    const std::string key = *name == "default" ? "tokenizer.chat_template" : key_of(*name);
    if (*name != "default") names.emplace_back(key.substr(key_of("").size()));
    gguf::put(fields, gguf::field(key, *text));
  }
  if (!names.empty()) fields.push_back(gguf::field("tokenizer.chat_templates", std::span<const std::string>(names)));
}

}  // namespace

void describe_templates(const std::string& folder, const Config& tokenizer_config, std::vector<gguf::Field>& fields) {
  const auto jinja =
      safetensors::naming("chat_template.jinja", [&] { return safetensors::Text::open(folder, "chat_template.jinja", largest_template); });
  const Config beside(folder, "chat_template.json", largest_template);
  const json::Value said = tokenizer_config.has("chat_template") ? tokenizer_config["chat_template"] : beside["chat_template"];
  if (said.is(json::Kind::array)) put_list(said, fields);
  if (jinja) {
    if (!valid_utf8(jinja->text())) throw Error(Code::format, "chat_template.jinja: expected UTF-8, found other bytes");
    gguf::put(fields, gguf::field("tokenizer.chat_template", jinja->text()));
  } else if (const auto text = said.string()) {
    fields.push_back(gguf::field("tokenizer.chat_template", *text));
  }
}

}  // namespace lt::convert
