// A JSON file of a model folder, read by key: a value of another type or out of range is an error that names the file and the key.
#pragma once
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "json/json.h"
#include "safetensors/folder.h"

namespace lt::convert {

// What an integer is where config.json does not say it.
struct Default {
  std::string_view key;
  int64_t value;
};

class Config {
 public:
  // Where the file is absent: an empty object.
  Config(const std::string& folder, const std::string& name, uint64_t limit);
  // An object in a file.
  Config(std::string name, json::Value root, std::span<const Default> defaults = {})
      : name_(std::move(name)), root_(root), defaults_(defaults) {}

  bool found() const { return file_ != nullptr; }
  const std::string& name() const { return name_; }
  json::Value root() const { return root_; }
  json::Value operator[](std::string_view key) const { return root_[key]; }
  bool has(std::string_view key) const { return root_[key] || default_of(key); }  // null counts as absent

  int64_t integer(std::string_view key, int64_t low, int64_t high) const;  // Code::format where absent
  int64_t integer(std::string_view key, int64_t low, int64_t high, int64_t fallback) const;
  std::vector<int64_t> integers(std::string_view key, int64_t count, int64_t low, int64_t high) const;  // one, or a list of so many
  double number(std::string_view key, double fallback) const;
  double number(std::string_view key, double low, double high, double fallback) const;  // the fallback may be outside
  bool boolean(std::string_view key, bool fallback) const;
  std::optional<bool> boolean(std::string_view key) const;
  std::string_view string(std::string_view key, std::string_view fallback) const;

  // What a GGUF file has no key for: the value that is run, where the key is there. Throws Code::unsupported for another.
  void expect_text(std::string_view key, std::string_view value) const;
  void expect_flag(std::string_view key, bool value) const;
  void expect_number(std::string_view key, double value) const;

  // Of a list with a text a layer, each of which is yes or no, which ones are yes; empty where the key is absent.
  std::vector<bool> choices(std::string_view key, int64_t layers, std::string_view yes, std::string_view no) const;

  [[noreturn]] void fail(std::string_view key, const std::string& what) const;  // Code::format
  [[noreturn]] void unsupported(std::string_view key, const std::string& what) const;

 private:
  std::optional<int64_t> default_of(std::string_view key) const;

  std::string name_;
  std::unique_ptr<safetensors::Text> file_;
  std::unique_ptr<json::Document> document_;
  json::Value root_;
  std::span<const Default> defaults_;
};

}  // namespace lt::convert
