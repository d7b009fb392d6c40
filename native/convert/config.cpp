#include "convert/config.h"

#include <algorithm>
#include <cmath>
#include <cstdio>

#include "core/error.h"
#include "core/text.h"

namespace lt::convert {

Config::Config(const std::string& folder, const std::string& name, uint64_t limit) : name_(name) {
  safetensors::naming(name, [&] {
    file_ = safetensors::Text::open(folder, name, limit);
    if (!file_) return;
    document_ = std::make_unique<json::Document>(file_->text());
    root_ = document_->root();
    if (!root_.is(json::Kind::object)) throw Error(Code::format, "expected an object");
  });
}

void Config::fail(std::string_view key, const std::string& what) const {
  throw Error(Code::format, name_ + ": " + shown(key) + ": " + what);
}

void Config::unsupported(std::string_view key, const std::string& what) const {
  throw Error(Code::unsupported, name_ + ": " + shown(key) + ": " + what);
}

std::optional<int64_t> Config::default_of(std::string_view key) const {
  for (const Default& d : defaults_)
    if (d.key == key) return d.value;
  return std::nullopt;
}

int64_t Config::integer(std::string_view key, int64_t low, int64_t high) const {
  const auto value = root_[key] ? root_[key].integer() : default_of(key);
  if (!value || *value < low || *value > high) {
    const std::string found = value ? std::to_string(*value) : has(key) ? "something else" : "nothing";
    fail(key, "expected an integer from " + std::to_string(low) + " to " + std::to_string(high) + ", found " + found);
  }
  return *value;
}

int64_t Config::integer(std::string_view key, int64_t low, int64_t high, int64_t fallback) const {
  return has(key) ? integer(key, low, high) : fallback;
}

std::vector<int64_t> Config::integers(std::string_view key, int64_t count, int64_t low, int64_t high) const {
  if (!root_[key].is(json::Kind::array)) return {integer(key, low, high)};
  std::vector<int64_t> all;
  for (const json::Member m : root_[key]) all.push_back(m.value.integer().value_or(low - 1));
  const bool fit = std::all_of(all.begin(), all.end(), [&](int64_t n) { return n >= low && n <= high; });
  if (fit && std::ssize(all) == count) return all;
  fail(key, "expected an integer, or a list of " + std::to_string(count) + ", from " + std::to_string(low) + " to " + std::to_string(high));
}

double Config::number(std::string_view key, double fallback) const {
  if (!has(key)) return fallback;
  const auto value = root_[key] ? root_[key].number() : static_cast<double>(*default_of(key));
  if (!value || !(*value > -1e30 && *value < 1e30)) fail(key, "expected a number");
  return *value;
}

double Config::number(std::string_view key, double low, double high, double fallback) const {
  const double value = number(key, fallback);
  if (has(key) && !(value >= low && value <= high)) {
    char range[96];
    std::snprintf(range, sizeof range, "expected a number from %g to %g, found %g", low, high, value);
    fail(key, range);
  }
  return value;
}

std::optional<bool> Config::boolean(std::string_view key) const {
  if (!has(key)) return std::nullopt;
  const auto value = root_[key].boolean();
  if (!value) fail(key, "expected true or false");
  return value;
}

bool Config::boolean(std::string_view key, bool fallback) const { return boolean(key).value_or(fallback); }

std::string_view Config::string(std::string_view key, std::string_view fallback) const {
  if (!has(key)) return fallback;
  const auto value = root_[key].string();
  if (!value) fail(key, "expected a string");
  return *value;
}

void Config::expect_text(std::string_view key, std::string_view value) const {
  if (const std::string_view found = string(key, value); found != value)
    unsupported(key, "expected " + std::string(value) + ", which this architecture is run with, found \"" + shown(found) + "\"");
}

void Config::expect_flag(std::string_view key, bool value) const {
  if (boolean(key, value) != value)
    unsupported(key, std::string("expected ") + (value ? "true" : "false") + ", which this architecture is run with");
}

void Config::expect_number(std::string_view key, double value) const {
  const double found = number(key, value);
  char text[96];
  std::snprintf(text, sizeof text, "expected %g, which this architecture is run with, found %g", value, found);
  if (std::fabs(found - value) > 1e-6 * std::fabs(value)) unsupported(key, text);
}

std::vector<bool> Config::choices(std::string_view key, int64_t layers, std::string_view yes, std::string_view no) const {
  std::vector<bool> out;
  for (const json::Member m : root_[key]) {
    const std::string_view found = m.value.string().value_or("");
    if (found != yes && found != no)
      unsupported(key, "expected " + std::string(yes) + " or " + std::string(no) + ", found \"" + shown(found) + "\"");
    out.push_back(found == yes);
  }
  if (has(key) && static_cast<int64_t>(out.size()) != layers)
    fail(key, "expected a list of " + std::to_string(layers) + ", as num_hidden_layers says, found " + std::to_string(out.size()));
  return out;
}

}  // namespace lt::convert
