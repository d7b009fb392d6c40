#include "convert/architecture.h"

#include <algorithm>
#include <memory>

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

std::vector<const Architecture*> architectures_named(std::string_view name) {
  std::vector<const Architecture*> found;
  for (const Architecture* a : all())
    if (a->name == name) found.push_back(a);
  return found;
}

bool everywhere(const Description&, int64_t) { return true; }
bool dense(const Description& d, int64_t layer) { return !sparse(d, layer); }
bool sparse(const Description& d, int64_t layer) { return !d.sparse.empty() && d.sparse[static_cast<size_t>(layer)]; }
bool attends(const Description& d, int64_t layer) { return !recurs(d, layer); }
bool recurs(const Description& d, int64_t layer) { return !d.recurrent.empty() && d.recurrent[static_cast<size_t>(layer)]; }

bool ties(const Description& d, int64_t) { return d.tied; }
bool unties(const Description& d, int64_t) { return !d.tied; }

Rules joined(std::initializer_list<Rules> parts) {
  Rules all;
  for (const Rules& p : parts) all.insert(all.end(), p.begin(), p.end());
  return all;
}

void Description::flags(std::string_view key, const std::vector<bool>& values) {
  const auto plain = std::make_unique<bool[]>(values.size());
  std::copy(values.begin(), values.end(), plain.get());
  put(key, std::span<const bool>(plain.get(), values.size()));
}

void Description::folder_only(const Config& config, std::string_view setting) {
  unwritable = config.name() + ": " + std::string(setting) + ": a GGUF file of architecture " + prefix_.substr(0, prefix_.size() - 1) +
               " cannot say it, and would be run otherwise; the folder is run as it says";
}

void Description::size(std::string_view name, int64_t value, std::string setting) { sizes(name, {value}, std::move(setting)); }

void Description::sizes(std::string_view name, std::vector<int64_t> by_layer, std::string setting) {
  sizes_[name] = {std::move(by_layer), std::move(setting)};
}

const Description::Size& Description::find(std::string_view name) const {
  const auto at = sizes_.find(name);
  if (at == sizes_.end()) throw Error(Code::internal, "size " + std::string(name) + ": no description gives it");
  return at->second;
}

int64_t Description::of(std::string_view name, int64_t layer) const {
  const std::vector<int64_t>& values = find(name).values;
  return values.size() == 1 ? values[0] : values.at(static_cast<size_t>(layer));
}

const std::string& Description::setting(std::string_view name) const { return find(name).setting; }

RegisterArchitecture::RegisterArchitecture(const Architecture& architecture) { all().push_back(&architecture); }

std::string_view class_of(const Config& config) {
  for (const json::Member m : config["architectures"])
    if (const auto name = m.value.string()) return *name;
  config.fail("architectures", "expected a list with the name of the model's class, found none");
}

void describe_labels(const Config& config, Description& to) {
  const json::Value named = config["id2label"];
  std::vector<std::string> labels;
  for (size_t i = 0; i < (named ? named.size() : 1); i++) {
    const auto label = named[std::to_string(i)].string();
    if (named && !label) config.fail("id2label", "expected the name of label " + std::to_string(i));
    labels.emplace_back(label.value_or("LABEL_0"));
  }
  to.put("classifier.output_labels", std::span<const std::string>(labels));
  to.size("labels", std::ssize(labels), "id2label");
}

const Architecture& architecture_of(const FolderOf& folder) {
  const Config& config = folder.config;
  const std::string_view name = class_of(config);
  const Architecture* plain = nullptr;
  for (const Architecture* a : all()) {
    if (std::find(a->classes.begin(), a->classes.end(), name) == a->classes.end()) continue;
    if (a->is ? a->is(folder) : a->serves && a->serves(config)) return *a;
    if (!a->is && !a->serves) plain = a;
  }
  if (plain) return *plain;
  config.unsupported("architectures", "folders of " + shown(name) + " are not read; those that are: " + known());
}

}  // namespace lt::convert
