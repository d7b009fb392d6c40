#include "gguf/output.h"

#include <algorithm>
#include <filesystem>
#include <optional>

#include "core/error.h"
#include "gguf/destination.h"

#ifdef _WIN32
#include <windows.h>
#else
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#endif

namespace lt::gguf {
namespace {

std::filesystem::path native_path(const std::string& path) { return std::u8string(path.begin(), path.end()); }

std::string with_free_space(const std::filesystem::path& path) {
  std::error_code ignored;
  std::filesystem::path folder = path.parent_path();
  if (folder.empty()) folder = ".";
  const auto space = std::filesystem::space(folder, ignored);
  return ignored ? "" : ", of which " + std::to_string(space.available) + " are free";
}

[[noreturn]] void full(const std::string& path, const std::filesystem::path& partial, uint64_t bytes) {
  throw Error(Code::disk, path + ": the disk is full: the file needs " + std::to_string(bytes) + " bytes" + with_free_space(partial) +
                              ": free some, or write elsewhere");
}

std::filesystem::path beside(std::filesystem::path target) { return target += ".partial"; }

}  // namespace

bool same_file(const std::string& a, const std::string& b) {
  std::error_code absent;
  return std::filesystem::equivalent(native_path(a), native_path(b), absent) && !absent;
}

bool would_replace(const std::string& output, const std::string& input) {
  if (same_file(output, input) || same_file(output + ".partial", input)) return true;
  std::error_code absent;
  const std::filesystem::path target = std::filesystem::canonical(native_path(output), absent);  // of a link
  if (absent) return false;
  const std::u8string partial = target.u8string() + u8".partial";
  return same_file({partial.begin(), partial.end()}, input);
}

#ifdef _WIN32

namespace {

LARGE_INTEGER large(uint64_t n) {
  LARGE_INTEGER l;
  l.QuadPart = static_cast<LONGLONG>(n);
  return l;
}

OVERLAPPED place(uint64_t at) {
  OVERLAPPED o{};
  o.Offset = static_cast<DWORD>(at);
  o.OffsetHigh = static_cast<DWORD>(at >> 32);
  return o;
}

constexpr size_t most_at_once = size_t{1} << 28;

}  // namespace

void Output::fail(const char* what) const {
  throw Error(Code::disk, path_ + ": " + what + " (Windows error " + std::to_string(GetLastError()) + ")");
}

Output::Output(const std::string& path) : path_(path), target_(destination_of(path)), partial_(beside(target_)) {
  file_ = CreateFileW(partial_.c_str(), GENERIC_READ | GENERIC_WRITE | DELETE, FILE_SHARE_DELETE, nullptr, OPEN_ALWAYS,
                      FILE_ATTRIBUTE_NORMAL, nullptr);
  if (file_ == INVALID_HANDLE_VALUE) fail("cannot be written");
}

Output::~Output() {
  if (finished_) return;
  CloseHandle(file_);
  if (!kept_) DeleteFileW(partial_.c_str());
}

uint64_t Output::size() const {
  LARGE_INTEGER size;
  if (!GetFileSizeEx(file_, &size)) fail("cannot be measured");
  return static_cast<uint64_t>(size.QuadPart);
}

void Output::reserve(uint64_t bytes) {
  if (!SetFilePointerEx(file_, large(bytes), nullptr, FILE_BEGIN) || !SetEndOfFile(file_)) full(path_, partial_, bytes);
}

void Output::write(uint64_t at, std::span<const uint8_t> bytes) {
  while (!bytes.empty()) {
    DWORD some = 0;
    OVERLAPPED o = place(at);
    if (!WriteFile(file_, bytes.data(), static_cast<DWORD>(std::min(bytes.size(), most_at_once)), &some, &o) || some == 0)
      fail("cannot be written");
    at += some;
    bytes = bytes.subspan(some);
  }
}

void Output::read(uint64_t at, std::span<uint8_t> bytes) const {
  while (!bytes.empty()) {
    DWORD some = 0;
    OVERLAPPED o = place(at);
    if (!ReadFile(file_, bytes.data(), static_cast<DWORD>(std::min(bytes.size(), most_at_once)), &some, &o) || some == 0)
      fail("cannot be read again");
    at += some;
    bytes = bytes.subspan(some);
  }
}

void Output::finish(uint64_t bytes) {
  reserve(bytes);
  if (!FlushFileBuffers(file_)) fail("cannot be written to the end");
  CloseHandle(file_);
  finished_ = true;
  if (!MoveFileExW(partial_.c_str(), target_.c_str(), MOVEFILE_REPLACE_EXISTING | MOVEFILE_WRITE_THROUGH)) fail("cannot be given its name");
}

#else

void Output::fail(const char* what) const { throw Error(Code::disk, path_ + ": " + what + ": " + std::strerror(errno)); }

namespace {

constexpr mode_t all_of_mode = 07777;

// What the file that is replaced lets others do. It is the new one's too; until then only its owner's programs need to open it again.
std::optional<struct stat> status_of(const std::filesystem::path& target) {
  struct stat status{};
  return stat(target.c_str(), &status) == 0 ? std::optional(status) : std::nullopt;
}

}  // namespace

Output::Output(const std::string& path) : path_(path) {
  if (path.find('\0') != std::string::npos) throw Error(Code::disk, "the path of the output holds a zero byte");
  target_ = destination_of(path);
  partial_ = beside(target_);
  const auto replaced = status_of(target_);
  const mode_t mode = replaced ? (replaced->st_mode & 0777) | S_IRUSR | S_IWUSR : 0666;
  file_ = open(partial_.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NONBLOCK | O_NOFOLLOW, mode);
  if (file_ < 0) fail("cannot be written");
  if (flock(file_, LOCK_EX | LOCK_NB) != 0) {
    close(file_);
    throw Error(Code::disk, path + ": another program is writing it now: wait for it, or choose another name");
  }
  if (replaced) (void)fchmod(file_, mode);  // what an earlier run left may be open to more
}

// The new file's owner, group and mode are the old one's, as far as the system lets this process set them: changing an owner takes
// away what a mode says of whom a program runs as, so the mode comes last.
void Output::take_after_replaced() const {
  const auto replaced = status_of(target_);
  if (!replaced) return;
  struct stat own{};
  if (fstat(file_, &own) != 0) fail("cannot be measured");
  if (own.st_uid != replaced->st_uid || own.st_gid != replaced->st_gid) {
    if (fchown(file_, replaced->st_uid, replaced->st_gid) != 0) (void)!fchown(file_, static_cast<uid_t>(-1), replaced->st_gid);
  }
  (void)fchmod(file_, replaced->st_mode & all_of_mode);
}

Output::~Output() {
  if (finished_) return;
  if (!kept_) unlink(partial_.c_str());
  close(file_);
}

uint64_t Output::size() const {
  struct stat status{};
  if (fstat(file_, &status) != 0) fail("cannot be measured");
  return S_ISREG(status.st_mode) ? static_cast<uint64_t>(status.st_size) : 0;
}

void Output::reserve(uint64_t bytes) {
  if (ftruncate(file_, static_cast<off_t>(bytes)) != 0)
    errno == EFBIG || errno == ENOSPC ? full(path_, partial_, bytes) : fail("cannot be written");
#ifdef __linux__
  // Where a file system cannot tell, writing will.
  if (bytes > 0 && fallocate(file_, 0, 0, static_cast<off_t>(bytes)) != 0 && (errno == ENOSPC || errno == EDQUOT))
    full(path_, partial_, bytes);
#endif
}

void Output::write(uint64_t at, std::span<const uint8_t> bytes) {
  while (!bytes.empty()) {
    const ssize_t some = pwrite(file_, bytes.data(), bytes.size(), static_cast<off_t>(at));
    if (some < 0 && errno == EINTR) continue;
    if (some < 0 && (errno == ENOSPC || errno == EDQUOT)) full(path_, partial_, at + bytes.size());
    if (some <= 0) fail("cannot be written");
    at += static_cast<uint64_t>(some);
    bytes = bytes.subspan(static_cast<size_t>(some));
  }
}

void Output::read(uint64_t at, std::span<uint8_t> bytes) const {
  while (!bytes.empty()) {
    const ssize_t some = pread(file_, bytes.data(), bytes.size(), static_cast<off_t>(at));
    if (some < 0 && errno == EINTR) continue;
    if (some <= 0) fail("cannot be read again");
    at += static_cast<uint64_t>(some);
    bytes = bytes.subspan(static_cast<size_t>(some));
  }
}

void Output::finish(uint64_t bytes) {
  if (ftruncate(file_, static_cast<off_t>(bytes)) != 0) fail("cannot be cut to its length");
  if (fsync(file_) != 0) fail("cannot be written to the end");
  take_after_replaced();
  if (rename(partial_.c_str(), target_.c_str()) != 0) fail("cannot be given its name");
  finished_ = true;
  close(file_);
}

#endif

}  // namespace lt::gguf
