#include "backend/vulkan/pipeline_cache.h"

#include <chrono>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>

namespace lt::vulkan {
namespace {

namespace fs = std::filesystem;

// Before the driver's data: drivers check its header but trust what follows.
struct Seal {
  char magic[8] = {'l', 't', 'v', 'k', 'p', 'c', '0', '1'};
  uint64_t size = 0, hash = 0;
};

// FNV-1a, 64 bits.
uint64_t hash_of(const char* data, size_t n) {
  uint64_t h = 0xcbf29ce484222325u;
  for (size_t i = 0; i < n; i++) h = (h ^ static_cast<uint8_t>(data[i])) * 0x100000001b3u;
  return h;
}

// VkPipelineCacheHeaderVersionOne names the device and driver.
bool is_of(const Found& device, const std::string& data) {
  uint32_t head[4];
  if (data.size() < sizeof head + VK_UUID_SIZE) return false;
  std::memcpy(head, data.data(), sizeof head);
  return head[0] >= sizeof head + VK_UUID_SIZE && head[1] == VK_PIPELINE_CACHE_HEADER_VERSION_ONE &&
         head[2] == device.properties.vendorID && head[3] == device.properties.deviceID &&
         std::memcmp(data.data() + sizeof head, device.properties.pipelineCacheUUID, VK_UUID_SIZE) == 0;
}

std::string hex(const uint8_t* bytes) {
  std::string s;
  for (size_t i = 0; i < VK_UUID_SIZE; i++) {
    s += "0123456789abcdef"[bytes[i] >> 4];
    s += "0123456789abcdef"[bytes[i] & 15];
  }
  return s;
}

std::string cache_folder() {
  const auto set = [](const char* name) {
    const char* value = std::getenv(name);
    return std::string(value ? value : "");
  };
#ifdef _WIN32
  const std::string base = set("LOCALAPPDATA");
#else
  std::string base = set("XDG_CACHE_HOME");
  if (base.empty() && !set("HOME").empty()) base = set("HOME") + "/.cache";
#endif
  return base.empty() ? "" : base + "/llama-ts";
}

}  // namespace

std::string pipeline_cache_path(const Found& device) {
  const std::string folder = cache_folder();
  if (folder.empty()) return "";
  return folder + "/vulkan-" + hex(device.device) + "-" + hex(device.properties.pipelineCacheUUID) + ".bin";
}

std::string read_pipeline_cache(const Found& device) {
  const std::string path = pipeline_cache_path(device);
  std::ifstream in(path, std::ios::binary);
  if (path.empty() || !in) return "";
  const std::string all{std::istreambuf_iterator<char>(in), {}};
  Seal found;
  const Seal wanted;
  if (all.size() < sizeof found) return "";
  std::memcpy(&found, all.data(), sizeof found);
  const std::string data = all.substr(sizeof found);
  const bool whole = std::memcmp(found.magic, wanted.magic, sizeof wanted.magic) == 0 && found.size == data.size() &&
                     found.hash == hash_of(data.data(), data.size());
  return whole && is_of(device, data) ? data : "";
}

void write_pipeline_cache(const Found& device, const std::string& data) {
  const std::string path = pipeline_cache_path(device);
  if (path.empty() || data.empty()) return;
  Seal seal;
  seal.size = data.size();
  seal.hash = hash_of(data.data(), data.size());
  std::error_code ignored;
  fs::create_directories(fs::path(path).parent_path(), ignored);
  // Written aside and renamed, so that a reader sees all of it or none.
  const std::string aside = path + "." + std::to_string(std::chrono::steady_clock::now().time_since_epoch().count());
  {
    std::ofstream out(aside, std::ios::binary);
    out.write(reinterpret_cast<const char*>(&seal), sizeof seal);
    out.write(data.data(), static_cast<std::streamsize>(data.size()));
    out.close();
    if (!out) {
      fs::remove(aside, ignored);
      return;
    }
  }
  fs::rename(aside, path, ignored);
  if (ignored) fs::remove(aside, ignored);
}

}  // namespace lt::vulkan
