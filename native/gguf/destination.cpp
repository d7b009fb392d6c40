#include "gguf/destination.h"

#include "core/error.h"

namespace lt::gguf {
namespace {

namespace fs = std::filesystem;

constexpr int most_links = 40;  // as Linux follows

std::string text_of(const fs::path& path) {
  const std::u8string text = path.u8string();
  return {text.begin(), text.end()};
}

}  // namespace

fs::path destination_of(const std::string& path) {
  fs::path at = std::u8string(path.begin(), path.end());
  for (int links = 0; links <= most_links; links++) {
    std::error_code ignored;
    switch (fs::symlink_status(at, ignored).type()) {
      case fs::file_type::symlink:
        break;
      case fs::file_type::regular:
        return at;
      case fs::file_type::directory:
        throw Error(Code::disk, path + ": is a folder: name a file in it");
      case fs::file_type::none:
      case fs::file_type::not_found:
        if (links == 0) return at;  // opening it says what is wrong, if anything
        throw Error(Code::disk,
                    path + ": is a link to " + text_of(at) + ", which is not there: remove the link, or make its folder and file");
      default:
        throw Error(Code::disk, path + ": expected a file, found a device, a pipe or a socket: name another file");
    }
    const fs::path target = fs::read_symlink(at, ignored);
    if (ignored) throw Error(Code::disk, path + ": is a link that cannot be read");
    at = target.is_absolute() ? target : at.parent_path() / target;
  }
  throw Error(Code::disk, path + ": is one of links that lead to each other: remove it, or name another file");
}

}  // namespace lt::gguf
