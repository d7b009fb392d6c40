// The pipeline cache on disk: written, read back, and ignored where it is cut short, changed or another driver's.
#include <chrono>
#include <filesystem>
#include <fstream>

#include "backend/vulkan/pipeline_cache.h"
#include "check/vulkan_check.h"

namespace lt::check {
namespace {

namespace fs = std::filesystem;

void put(const std::string& path, const std::string& bytes) { std::ofstream(path, std::ios::binary) << bytes; }

// A backend that makes a pipeline, and closes.
void use_backend() {
  const auto b = open_vulkan();
  const Tensor x = vulkan_floats(*b, 1, 4, 1), y = b->alloc(Type::f32, 1, 4);
  b->ops().add(y, x, x);
  CHECK(vulkan_read(*b, y)[0] == 2 * vulkan_read(*b, x)[0]);
}

CHECK_CASE("vulkan/a pipeline cache that is cut short, changed or foreign is ignored") {
  const vulkan::Found& device = vulkan_device();
  const fs::path folder =
      fs::temp_directory_path() / ("llama-ts-check-" + std::to_string(std::chrono::steady_clock::now().time_since_epoch().count()));
#ifdef _WIN32
  const Environment home("LOCALAPPDATA", folder.string());
#else
  const Environment home("XDG_CACHE_HOME", folder.string());
#endif
  const Environment mesa("MESA_SHADER_CACHE_DISABLE", "true");  // it would use that folder too
  CHECK(vulkan::read_pipeline_cache(device).empty());
  use_backend();
  const std::string path = vulkan::pipeline_cache_path(device), data = vulkan::read_pipeline_cache(device);
  constexpr size_t seal = 24, header = 32;
  if (fs::file_size(path) < seal + header) {
    fs::remove_all(folder);
    throw Skip{"this driver's data is shorter than its header (Mesa 26.2)"};
  }
  CHECK(!data.empty());
  const std::string whole = read_file(path);
  for (const size_t at : {size_t{0}, size_t{9}, size_t{20}, size_t{40}, whole.size() - 1}) {
    std::string changed = whole;
    changed[at] = static_cast<char>(changed[at] ^ 0x10);
    put(path, changed);
    CHECK_THAT(vulkan::read_pipeline_cache(device).empty(), "a cache changed at byte " << at << " was believed");
    use_backend();
  }
  for (const size_t size : {size_t{0}, size_t{10}, size_t{24}, whole.size() / 2, whole.size() - 1}) {
    put(path, whole.substr(0, size));
    CHECK(vulkan::read_pipeline_cache(device).empty());
    use_backend();
  }
  vulkan::Found foreign = device;
  foreign.properties.vendorID ^= 1;
  put(path, whole);
  CHECK(vulkan::read_pipeline_cache(foreign).empty());
  CHECK(vulkan::read_pipeline_cache(device) == data);
  size_t files = 0;
  for (const auto& entry : fs::directory_iterator(fs::path(path).parent_path())) files += entry.exists();
  CHECK(files == 1);  // nothing that was written aside is left
  fs::remove_all(folder);
}

}  // namespace
}  // namespace lt::check
