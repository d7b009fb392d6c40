// The file that a path names, links followed: what is written takes its place, and the links stay as they are.
#pragma once
#include <filesystem>
#include <string>

namespace lt::gguf {

// `path` where nothing is there yet. Throws Code::disk for what no file can take the place of: a folder, a device or pipe, a link to
// nothing, links in a circle.
std::filesystem::path destination_of(const std::string& path);

}  // namespace lt::gguf
