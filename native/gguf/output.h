// A file that appears under its name when it is complete, and not before: it is written as NAME.partial and renamed. A file that it
// takes the place of gives it its mode, and its owner where the system allows; a link stays, and the file that it leads to is replaced.
#pragma once
#include <cstdint>
#include <filesystem>
#include <span>
#include <string>

namespace lt::gguf {

class Output {
 public:
  // Opens or makes PATH.partial, whose contents stay; where PATH is a link, beside the file that it leads to. UTF-8 on every system.
  // Throws Code::disk: the folder is absent or may not be written, PATH is a folder, no file, or a link to nothing, another program
  // writes it now.
  explicit Output(const std::string& path);
  ~Output();  // the partial file is removed, unless it was kept
  Output(const Output&) = delete;
  Output& operator=(const Output&) = delete;

  uint64_t size() const;  // of what an earlier run left
  // The file is this long from here on, and the space is there: throws Code::disk, with the figures, where it is not.
  void reserve(uint64_t bytes);
  void write(uint64_t at, std::span<const uint8_t> bytes);  // throws Code::disk
  void read(uint64_t at, std::span<uint8_t> bytes) const;   // throws Code::disk

  // Cuts the file to `bytes`, waits until they are on the disk, gives the file its name.
  void finish(uint64_t bytes);
  void keep() { kept_ = true; }  // for a later run to go on with

  const std::string& path() const { return path_; }

 private:
  [[noreturn]] void fail(const char* what) const;

  void take_after_replaced() const;

  std::string path_;  // as it was named
  std::filesystem::path target_, partial_;
  bool kept_ = false, finished_ = false;
#ifdef _WIN32
  void* file_ = nullptr;
#else
  int file_ = -1;
#endif
};

// Whether two paths name one file, links followed. False where either is absent.
bool same_file(const std::string& a, const std::string& b);
// Whether writing `output` would write over `input`, at the end or, by its partial file, on the way.
bool would_replace(const std::string& output, const std::string& input);

}  // namespace lt::gguf
