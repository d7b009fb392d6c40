// What the checks of the Vulkan backend share.
#pragma once
#include <cstdlib>
#include <random>
#include <string>
#include <vector>

#include "backend/vulkan/driver.h"
#include "check/check.h"
#include "core/backend.h"

namespace lt::check {

inline const vulkan::Found& vulkan_device() {
  const std::vector<vulkan::Found>& devices = vulkan::Driver::get().devices();
  if (devices.empty()) throw Skip{vulkan::Driver::get().survey().why_not};
  return devices[0];
}

inline std::unique_ptr<Backend> open_vulkan(const std::string& variant = "") {
  vulkan_device();
  BackendOptions options;
  options.isa = variant;
  return open_backend("vulkan", options);
}

inline Tensor vulkan_floats(Backend& b, int64_t rows, int64_t cols, uint64_t seed) {
  std::mt19937_64 random(seed);
  std::vector<float> values(static_cast<size_t>(rows * cols));
  for (float& v : values) v = static_cast<float>(random() % 2001) / 1000 - 1;
  const Tensor t = b.alloc(Type::f32, rows, cols);
  b.write(t, values.data());
  return t;
}

inline std::vector<float> vulkan_read(Backend& b, const Tensor& t) {
  std::vector<float> values(static_cast<size_t>(t.rows * t.cols));
  b.read(values.data(), t);
  return values;
}

// A variable of the environment for the life of this.
class Environment {
 public:
  Environment(const char* name, const std::string& value) : name_(name), was_(std::getenv(name) ? std::getenv(name) : "") { set(value); }
  ~Environment() { set(was_); }
  Environment(const Environment&) = delete;
  Environment& operator=(const Environment&) = delete;

 private:
  void set(const std::string& value) const {
#ifdef _WIN32
    _putenv_s(name_, value.c_str());
#else
    value.empty() ? unsetenv(name_) : setenv(name_, value.c_str(), 1);
#endif
  }
  const char* name_;
  std::string was_;
};

}  // namespace lt::check
