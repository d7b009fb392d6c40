#include "gguf/mapping.h"

#include <algorithm>
#include <cstring>
#include <memory>

#include "core/error.h"

#ifdef _WIN32
#include <windows.h>

#include <filesystem>
#else
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <fstream>
#endif

namespace lt::gguf {
namespace {

[[noreturn]] void fail(const std::string& what) { throw Error(Code::file, what); }

// One byte of every page.
void touch(const uint8_t* from, uint64_t count) {
  constexpr uint64_t page = 4096;  // the smallest there is
  for (uint64_t i = 0; i < count; i += page) (void)*static_cast<const volatile uint8_t*>(from + i);
}

uint8_t* new_memory(size_t bytes);  // null: there is none. Zeros, of whole pages
void free_memory(void* at, size_t bytes);

}  // namespace

// some(to, count, from): reads at most `count` bytes of the file from an offset; gives how many, 0 at its end.
void Mapping::read_whole(const Access& access, const std::function<size_t(uint8_t*, size_t, uint64_t)>& some) {
  constexpr size_t chunk = 16 << 20;
  const auto megabytes = [](uint64_t bytes) { return std::to_string((bytes + (1u << 20) - 1) >> 20) + " MB"; };
  if (size_ > access.most)
    throw Error(Code::memory, "its " + megabytes(size_) + " are to be read into memory, " + megabytes(access.most) +
                                  " are available; leave mmap on, or use a smaller model");
  const auto give_back = [this](uint8_t* at) { free_memory(at, size_); };
  std::unique_ptr<uint8_t, decltype(give_back)> to(new_memory(size_), give_back);
  if (!to) throw Error(Code::memory, "the system has no " + megabytes(size_) + " to read it into");
  for (size_t done = 0; done < size_;) {
    const size_t count = some(to.get() + done, std::min(chunk, size_ - done), done);
    if (count == 0) fail("became shorter while it was read");
    done += count;
    if (access.progress && !access.progress(static_cast<double>(done) / static_cast<double>(size_)))
      throw Error(Code::disposed, "loading was stopped");
  }
  data_ = to.release();
  own_ = true;
}

#ifdef _WIN32

namespace {

// Closes at the end of the block.
struct Handle {
  HANDLE value;
  bool open() const { return value && value != INVALID_HANDLE_VALUE; }
  ~Handle() {
    if (open()) CloseHandle(value);
  }
};

std::wstring wide(const std::string& path) {
  try {
    return std::filesystem::path(std::u8string(path.begin(), path.end())).wstring();
  } catch (const std::exception&) {
    fail("is no valid path");
  }
}

uint8_t* new_memory(size_t bytes) { return static_cast<uint8_t*>(VirtualAlloc(nullptr, bytes, MEM_RESERVE | MEM_COMMIT, PAGE_READWRITE)); }
void free_memory(void* at, size_t) { VirtualFree(at, 0, MEM_RELEASE); }

}  // namespace

Mapping::Mapping(const std::string& path, const Access& access) {
  if (path.find('\0') != std::string::npos) fail("the path holds a zero byte");
  const Handle file{CreateFileW(wide(path).c_str(), GENERIC_READ, FILE_SHARE_READ, nullptr, OPEN_EXISTING, FILE_ATTRIBUTE_NORMAL, nullptr)};
  if (!file.open()) fail("cannot be opened (Windows error " + std::to_string(GetLastError()) + ")");
  LARGE_INTEGER size;
  if (GetFileType(file.value) != FILE_TYPE_DISK || !GetFileSizeEx(file.value, &size)) fail("is not a regular file");
  size_ = static_cast<size_t>(size.QuadPart);
  if (size_ == 0) return;
  if (!access.mapped) {
    read_whole(access, [&](uint8_t* to, size_t count, uint64_t) -> size_t {
      DWORD got = 0;
      if (!ReadFile(file.value, to, static_cast<DWORD>(count), &got, nullptr))
        fail("cannot be read (Windows error " + std::to_string(GetLastError()) + ")");
      return got;
    });
    return;
  }
  const Handle section{CreateFileMappingW(file.value, nullptr, PAGE_READONLY, 0, 0, nullptr)};
  if (section.open()) data_ = MapViewOfFile(section.value, FILE_MAP_READ, 0, 0, 0);
  if (!data_) fail("cannot be mapped (Windows error " + std::to_string(GetLastError()) + ")");
}

Mapping::~Mapping() {
  if (data_) own_ ? free_memory(const_cast<void*>(data_), size_) : void(UnmapViewOfFile(data_));
}

void Mapping::prefetch(uint64_t first, uint64_t count) const {
  if (own_) return;
  WIN32_MEMORY_RANGE_ENTRY range{const_cast<uint8_t*>(bytes().data()) + first, static_cast<SIZE_T>(count)};
  PrefetchVirtualMemory(GetCurrentProcess(), 1, &range, 0);  // large reads; the pages are mapped by touching them
  touch(bytes().data() + first, count);
}

void Mapping::read(uint64_t first, std::span<uint8_t> to) const {  // the file cannot be cut while it is mapped
  if (!to.empty()) std::memcpy(to.data(), bytes().data() + first, to.size());
}

void Mapping::let_go(uint64_t first, uint64_t count) const {
  if (own_) return;
  VirtualUnlock(const_cast<uint8_t*>(bytes().data()) + first, static_cast<SIZE_T>(count));  // of pages not locked: leaves the working set
}

uint64_t Mapping::settle(uint64_t, uint64_t, const std::function<bool()>&) const { return 0; }  // large pages need a right of their own

#else

namespace {

uint64_t page_bytes() { return static_cast<uint64_t>(sysconf(_SC_PAGESIZE)); }

uint8_t* new_memory(size_t bytes) {
  void* at = mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (at == MAP_FAILED) return nullptr;
#ifdef __linux__
  madvise(at, bytes, MADV_HUGEPAGE);
#endif
  return static_cast<uint8_t*>(at);
}
void free_memory(void* at, size_t bytes) { munmap(at, bytes); }

}  // namespace

Mapping::Mapping(const std::string& path, const Access& access) {
  if (path.find('\0') != std::string::npos) fail("the path holds a zero byte");
  struct Descriptor {  // closed if the constructor throws
    int value;
    ~Descriptor() {
      if (value >= 0) close(value);
    }
  };
  Descriptor file{open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK)};  // a pipe without a writer must not hang
  struct stat status{};
  if (file.value < 0 || fstat(file.value, &status) != 0) fail(std::string("cannot be opened: ") + std::strerror(errno));
  if (S_ISDIR(status.st_mode)) fail("is a directory: expected a .gguf file");
  if (!S_ISREG(status.st_mode)) fail("is not a regular file");
  size_ = static_cast<size_t>(status.st_size);
  if (size_ > 0 && !access.mapped) {
    read_whole(access, [&](uint8_t* to, size_t count, uint64_t from) {
      for (;;) {
        const ssize_t got = pread(file.value, to, count, static_cast<off_t>(from));
        if (got >= 0) return static_cast<size_t>(got);
        if (errno != EINTR) fail(std::string("cannot be read: ") + std::strerror(errno));
      }
    });
    return;
  }
  if (size_ > 0) {
    void* at = mmap(nullptr, size_, PROT_READ, MAP_SHARED, file.value, 0);
    if (at == MAP_FAILED) fail(std::string("cannot be mapped: ") + std::strerror(errno));
    data_ = at;
  }
  std::swap(descriptor_, file.value);
}

Mapping::~Mapping() {
  if (data_) munmap(const_cast<void*>(data_), size_);
  if (descriptor_ >= 0) close(descriptor_);
}

void Mapping::prefetch(uint64_t first, uint64_t count) const {
  if (own_) return;
  struct stat status{};
  if (fstat(descriptor_, &status) != 0 || static_cast<uint64_t>(status.st_size) < first + count) fail("became shorter after it was opened");
#ifdef __linux__
  constexpr int populate_read = 22;  // MADV_POPULATE_READ, Linux 5.14; not in every C library's headers
  const uint64_t begin = first / page_bytes() * page_bytes();
  if (madvise(const_cast<uint8_t*>(bytes().data()) + begin, first + count - begin, populate_read) == 0) return;
  if (errno == EFAULT || errno == EIO) fail("cannot be read: it became shorter, or the disk failed");
  if (errno != EINVAL && errno != ENOSYS) return;
#endif
  touch(bytes().data() + first, count);
}

void Mapping::read(uint64_t first, std::span<uint8_t> to) const {
  if (own_) {
    std::copy_n(bytes().data() + first, to.size(), to.data());
    return;
  }
  while (!to.empty()) {
    const ssize_t some = pread(descriptor_, to.data(), to.size(), static_cast<off_t>(first));
    if (some < 0 && errno == EINTR) continue;
    if (some < 0) fail(std::string("cannot be read: ") + std::strerror(errno));
    if (some == 0) fail("became shorter while it was read");
    first += static_cast<uint64_t>(some);
    to = to.subspan(static_cast<size_t>(some));
  }
}

void Mapping::let_go(uint64_t first, uint64_t count) const {
  if (own_ || settled_) return;  // what is the process's own would not come back
  const uint64_t begin = (first + page_bytes() - 1) / page_bytes() * page_bytes(), end = (first + count) / page_bytes() * page_bytes();
  if (begin < end) madvise(const_cast<uint8_t*>(bytes().data()) + begin, end - begin, MADV_DONTNEED);
}

#ifdef __linux__

namespace {

// Whether memory that asks for huge pages gets them (Documentation/admin-guide/mm/transhuge.rst).
bool has_huge_pages() {
  std::ifstream file("/sys/kernel/mm/transparent_hugepage/enabled");
  std::string states;
  return std::getline(file, states) && states.find("[never]") == std::string::npos;
}

// Memory that is moved away from its front, and what is left of it freed.
class Quarry {
 public:
  static constexpr uint64_t huge = 2 << 20;

  explicit Quarry(uint64_t bytes) : size_(bytes + huge) {
    void* at = mmap(nullptr, size_, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (at == MAP_FAILED) return;
    at_ = static_cast<uint8_t*>(at);
    cut((huge - reinterpret_cast<uintptr_t>(at_) % huge) % huge);  // huge pages begin at multiples of their size
    madvise(at_, size_, MADV_HUGEPAGE);
  }
  ~Quarry() {
    if (at_) munmap(at_, size_);
  }
  Quarry(const Quarry&) = delete;
  Quarry& operator=(const Quarry&) = delete;

  uint8_t* front() const { return at_; }  // null: the system gave none

  // False: the system did not.
  bool move(uint64_t bytes, uint8_t* to) {
    if (mprotect(at_, bytes, PROT_READ) != 0) return false;
    if (mremap(at_, bytes, bytes, MREMAP_MAYMOVE | MREMAP_FIXED, to) == MAP_FAILED) return false;
    at_ += bytes, size_ -= bytes;
    return true;
  }

 private:
  void cut(uint64_t bytes) {
    if (bytes) munmap(at_, bytes);
    at_ += bytes, size_ -= bytes;
  }

  uint8_t* at_ = nullptr;
  uint64_t size_;
};

}  // namespace

// Pages of both places change hands under one lock of the process's memory (mremap(2)): who touches an address meanwhile waits for it.
uint64_t Mapping::settle(uint64_t first, uint64_t count, const std::function<bool()>& stop) const {
  constexpr uint64_t piece = 8 << 20, huge = Quarry::huge;
  if (own_ || !has_huge_pages()) return 0;
  const auto base = reinterpret_cast<uintptr_t>(data_);
  const uintptr_t begin = (base + first + huge - 1) / huge * huge, end = (base + first + count) / huge * huge;
  if (begin >= end) return 0;
  Quarry copies(end - begin);
  if (!copies.front()) return 0;
  settled_ = true;
  uintptr_t at = begin;
  while (at < end && !stop()) {
    const uint64_t some = std::min<uint64_t>(piece, end - at);
    read(at - base, {copies.front(), some});
    uint8_t* const to = const_cast<uint8_t*>(bytes().data()) + (at - base);
    if (!copies.move(some, to)) {  // it may have failed after the file's pages were unmapped
      constexpr int there = MAP_SHARED | MAP_FIXED;
      if (mmap(to, some, PROT_READ, there, descriptor_, static_cast<off_t>(at - base)) == MAP_FAILED)
        fail(std::string("cannot be mapped again: ") + std::strerror(errno));
      break;
    }
    at += some;
  }
  return at - begin;
}

#else

uint64_t Mapping::settle(uint64_t, uint64_t, const std::function<bool()>&) const { return 0; }

#endif

#endif

}  // namespace lt::gguf
