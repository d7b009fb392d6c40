#include "safetensors/folder.h"

#include <algorithm>
#include <filesystem>
#include <map>

#include "core/error.h"
#include "core/text.h"

namespace lt::safetensors {
namespace {

constexpr uint64_t longest_index = 100'000'000;
constexpr size_t most_shards = 4096;
constexpr const char* whole = "model.safetensors";
constexpr const char* index_name = "model.safetensors.index.json";

std::filesystem::path native_path(const std::string& path) { return std::u8string(path.begin(), path.end()); }

bool there(const std::string& folder, const std::string& name) {
  std::error_code ignored;
  return std::filesystem::exists(native_path(in_folder(folder, name)), ignored);
}

bool is_file(const std::string& folder, const std::string& name) {
  std::error_code ignored;
  return std::filesystem::is_regular_file(native_path(in_folder(folder, name)), ignored);
}

bool is_plain(std::string_view name) {
  return name.find_first_of(std::string_view("/\\:\0", 4)) == std::string_view::npos && !name.starts_with('.') && name.size() <= 255;
}

// A file in the folder itself, which no index can be: neither a way out of the folder nor one back to where it came from.
void check_shard_name(std::string_view name) {
  if (is_plain(name) && name.ends_with(".safetensors")) return;
  throw Error(Code::format, "weight_map: expected the name of a .safetensors file in the folder, found \"" + shown(name) + "\"");
}

bool is_index(std::string_view name) { return name.ends_with(".safetensors.index.json"); }

// Which file to begin with: the one that config.json names, else model.safetensors, and an index only where there is none, as in
// transformers: an index beside it is what an earlier version of the folder left.
std::string first_file(const std::string& folder, const std::string& named) {
  if (named.empty()) return is_file(folder, whole) ? whole : is_file(folder, index_name) ? index_name : "";
  if (is_plain(named) && (is_index(named) || named.ends_with(".safetensors"))) return named;
  throw Error(Code::format, "config.json: transformers_weights: expected a .safetensors file or its .safetensors.index.json, found \"" +
                                shown(named) + "\"");
}

// Of shards that lie there without an index.
bool has_shards(const std::string& folder) {
  std::error_code ignored;
  for (const auto& entry : std::filesystem::directory_iterator(native_path(folder), ignored)) {
    const std::u8string name = entry.path().filename().u8string();
    if (name.starts_with(u8"model-0") && name.ends_with(u8".safetensors")) return true;
  }
  return false;
}

// Tensor -> shard.
using WeightMap = std::map<std::string, std::string, std::less<>>;

WeightMap read_index(const std::string& folder, const std::string& name) {
  return naming(name, [&] {
    const auto file = Text::open(folder, name, longest_index);
    if (!file) throw Error(Code::file, "expected the index of the weights, found no such file");
    const json::Document document(file->text());
    const json::Value map = document.root()["weight_map"];
    if (!map.is(json::Kind::object) || map.size() == 0)
      throw Error(Code::format, "weight_map: expected an object of tensors and their files");
    WeightMap out;
    for (const json::Member m : map) {
      const auto shard = m.value.string();
      if (!shard) throw Error(Code::format, "weight_map: tensor " + shown(m.key) + ": expected the name of a file");
      check_shard_name(*shard);
      out.emplace(m.key, *shard);
    }
    return out;
  });
}

Shard open_shard(const std::string& folder, const std::string& name, const gguf::Access& access) {
  return naming(name, [&] {
    Shard shard;
    shard.name = name;
    shard.mapping = std::make_unique<gguf::Mapping>(in_folder(folder, name), access);
    shard.contents = read(shard.mapping->bytes());
    return shard;
  });
}

[[noreturn]] void none(const std::string& folder) {
  for (const char* other : {"pytorch_model.bin", "pytorch_model.bin.index.json", "consolidated.safetensors", "tf_model.h5"})
    if (there(folder, other))
      throw Error(Code::unsupported, std::string("expected ") + whole + ", found " + other + ", a format that is not read");
  if (has_shards(folder))
    throw Error(Code::file,
                std::string("expected ") + index_name + " beside the shards, found none: without it nothing tells whether they are all");
  throw Error(Code::file, std::string("expected ") + whole + " or " + index_name + ", found neither");
}

std::vector<std::string> names_of(const WeightMap& map, const std::string& index) {
  std::vector<std::string> names;
  for (const auto& [tensor, shard] : map) names.push_back(shard);
  std::sort(names.begin(), names.end());
  names.erase(std::unique(names.begin(), names.end()), names.end());
  if (names.size() > most_shards) throw Error(Code::format, index + ": more than " + std::to_string(most_shards) + " files");
  return names;
}

// What the index says of a shard is what is in it.
void check_shard(const Shard& shard, const WeightMap& map, const std::string& index) {
  for (const Tensor& t : shard.contents.tensors) {
    const auto at = map.find(t.name);
    if (at == map.end() || at->second != shard.name)
      throw Error(Code::format, shard.name + ": tensor " + shown(t.name) + " is in it, but " + index +
                                    (at == map.end() ? " does not name it" : " has it in " + at->second));
  }
}

}  // namespace

std::string in_folder(const std::string& folder, const std::string& name) {
  const std::u8string joined = (native_path(folder) / native_path(name)).u8string();
  return {joined.begin(), joined.end()};
}

std::unique_ptr<Text> Text::open(const std::string& folder, const std::string& name, uint64_t limit) {
  if (!there(folder, name)) return nullptr;
  std::unique_ptr<Text> file(new Text(in_folder(folder, name)));
  if (file->text().size() > limit)
    throw Error(Code::format, "expected at most " + std::to_string(limit) + " bytes, found " + std::to_string(file->text().size()));
  return file;
}

Folder::Folder(const std::string& path, const std::string& named, const gguf::Access& access) {
  WeightMap map;
  const std::string first = first_file(path, named);
  if (first.empty()) none(path);
  if (is_index(first)) {
    map = read_index(path, first);
    const auto files = names_of(map, first);
    uint64_t taken = 0;
    for (const std::string& name : files) {
      shards_.push_back(open_shard(path, name, gguf::of_part(access, shards_.size(), files.size(), taken)));
      taken += shards_.back().mapping->bytes().size();
      check_shard(shards_.back(), map, first);
    }
  } else {
    shards_.push_back(open_shard(path, first, access));
  }
  std::vector<std::string_view> names;
  for (const Shard& s : shards_)
    for (const Tensor& t : s.contents.tensors) tensors_.push_back(&t), names.push_back(t.name);
  index_ = std::make_unique<gguf::Index>("tensor", std::move(names));
  for (const auto& [tensor, shard] : map)
    if (!find(tensor)) throw Error(Code::format, shard + ": expected tensor " + shown(tensor) + ", which " + first + " has in it");
}

const Tensor* Folder::find(std::string_view name) const {
  const size_t i = index_->find(name);
  return i == gguf::Index::none ? nullptr : tensors_[i];
}

}  // namespace lt::safetensors
