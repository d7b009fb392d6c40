// A folder for a case's files, gone at its end.
#pragma once
#include <filesystem>
#include <fstream>
#include <random>
#include <string>
#include <string_view>

namespace lt::check {

class Temporary {
 public:
  Temporary() : path_(std::filesystem::temp_directory_path() / ("llama-ts-check-" + std::to_string(std::random_device{}()))) {
    std::filesystem::create_directory(path_);
  }
  ~Temporary() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  Temporary(const Temporary&) = delete;
  Temporary& operator=(const Temporary&) = delete;

  std::string path() const { return path_.string(); }
  std::string at(const std::string& name) const { return (path_ / name).string(); }
  std::string write(const std::string& name, std::string_view bytes) const {
    std::ofstream(path_ / name, std::ios::binary).write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
    return at(name);
  }

 private:
  std::filesystem::path path_;
};

// A path where no file is, and at the end none is again.
class TemporaryPath {
 public:
  const std::string& text() const { return path_; }

 private:
  Temporary folder_;
  std::string path_ = folder_.at("file");
};

}  // namespace lt::check
