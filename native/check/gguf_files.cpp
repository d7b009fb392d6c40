// Files as the system gives them: split models, folders, pipes, files with holes, reading ahead.
#include <atomic>
#include <chrono>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <random>
#include <thread>
#include <utility>

#include "check/check.h"
#include "check/gguf_builder.h"
#include "gguf/file.h"

#ifndef _WIN32
#include <sys/stat.h>
#include <unistd.h>
#endif

#ifdef __GLIBC__
#include <sys/mman.h>
#include <sys/syscall.h>

#include <cerrno>
#include <cstdarg>

// The call of this thread that fails, counted from one; 0: none does.
static thread_local int fails_at = 0;

// In place of the C library's, so that a check can have it fail as the kernel may: when what was at the new place is unmapped already.
extern "C" void* mremap(void* from, size_t size, size_t new_size, int flags, ...) noexcept {
  va_list more;
  va_start(more, flags);
  void* const to = flags & MREMAP_FIXED ? va_arg(more, void*) : nullptr;
  va_end(more);
  if (fails_at > 0 && --fails_at == 0) {
    munmap(to, new_size);
    errno = ENOMEM;
    return MAP_FAILED;
  }
  return reinterpret_cast<void*>(syscall(SYS_mremap, from, size, new_size, flags, to));
}
#endif

namespace {

using namespace lt;
using namespace lt::check;
using gguf::File;
using B = GgufBuilder;
namespace fs = std::filesystem;

// Gone at the end of the case.
class Folder {
 public:
  Folder() : path_(fs::temp_directory_path() / ("llama-ts-check-" + std::to_string(std::random_device{}()))) {
    fs::create_directory(path_);
  }
  ~Folder() {
    std::error_code ignored;
    fs::remove_all(path_, ignored);
  }
  std::string at(const std::string& name) const {
    const std::u8string text = file(name).u8string();
    return {text.begin(), text.end()};
  }
  std::string write(const std::string& name, const Bytes& bytes) const {
    std::ofstream out(file(name), std::ios::binary);
    out.write(reinterpret_cast<const char*>(bytes.data()), static_cast<std::streamsize>(bytes.size()));
    return at(name);
  }

 private:
  fs::path file(const std::string& utf8) const { return path_ / fs::path(std::u8string(utf8.begin(), utf8.end())); }
  fs::path path_;
};

void refused(const std::string& path, Code code, std::initializer_list<const char*> words) {
  try {
    File::open(path);
  } catch (const Error& e) {
    CHECK_THAT(e.code() == code, code_name(e.code()) << ": " << e.what());
    for (const char* word : words) CHECK_THAT(std::string(e.what()).find(word) != std::string::npos, e.what() << " does not say " << word);
    return;
  }
  fail(__FILE__, __LINE__, "opened, though wrong: " + path);
}

std::string part_name(int no, int count) {
  char text[64];
  std::snprintf(text, sizeof text, "m-%05d-of-%05d.gguf", no + 1, count);
  return text;
}

B part(uint16_t no, uint16_t count, int32_t tensors) {
  B b;
  if (no == 0) b.text("general.architecture", "llama");
  b.value("split.no", B::u16, no).value("split.count", B::u16, count).value("split.tensors.count", B::i32, tensors);
  if (no > 0) b.tensor(std::string("t").append(std::to_string(no)), 0, {4, no}, 16 * size_t{no});
  return b;
}

// Three parts, the first without tensors; `spoil` changes one.
struct Model {
  Folder folder;
  std::string first;
  explicit Model(int spoilt = -1, const std::function<void(B&)>& spoil = {}) {
    for (int no = 0; no < 3; no++) {
      B b = part(static_cast<uint16_t>(no), 3, 2);
      if (no == spoilt) spoil(b);
      folder.write(part_name(no, 3), b.bytes());
    }
    first = folder.at(part_name(0, 3));
  }
};

CHECK_CASE("gguf/a split model opens by its first part") {
  const Model m;
  const auto f = File::open(m.first);
  CHECK(f->parts() == 3 && f->tensors().size() == 2 && f->tensor("t2")->rows() == 2 && f->tensor_bytes() == 48);
  CHECK(f->path() == m.first && f->string("general.architecture") == "llama");
  double last = 0;
  f->prefetch([&](double fraction) { return last = fraction, false; });
  CHECK(last == 1);
  refused(m.folder.at(part_name(1, 3)), Code::format, {"split.no", "part 2 of 3", "open the first", "m-00001-of-00003.gguf"});
}

CHECK_CASE("gguf/a file that was read into memory may change") {
  const Model m;
  const auto mapped = File::open(m.first);
  std::vector<double> told;
  gguf::Access access{false, 1 << 20, [&](double fraction) { return told.push_back(fraction), true; }};
  const auto f = File::open(m.first, {.access = access});
  CHECK(mapped->mapped() && !f->mapped());
  CHECK(told.size() == 3 && told[0] < told[1] && told[1] < told[2] && told[2] == 1);
  const gguf::HostTensor *a = mapped->tensor("t2"), *b = f->tensor("t2");
  const Bytes before(static_cast<const uint8_t*>(a->data), static_cast<const uint8_t*>(a->data) + a->bytes);
#ifndef _WIN32  // which forbids it while the file is mapped
  for (int no = 0; no < 3; no++) fs::resize_file(m.folder.at(part_name(no, 3)), 0);
#endif
  f->prefetch({});
  f->let_go({static_cast<const char*>(b->data), b->bytes});
  CHECK(b->bytes == before.size() && std::equal(before.begin(), before.end(), static_cast<const uint8_t*>(b->data)));
  CHECK(f->string("general.architecture") == "llama");
}

CHECK_CASE("gguf/reading into memory is bounded, and can be stopped") {
  const Model m;
  const auto fails = [&](const gguf::Access& access, Code code) {
    try {
      (void)File::open(m.first, {.access = access});
    } catch (const Error& e) {
      return e.code() == code;
    }
    return false;
  };
  const uint64_t all = File::open(m.first)->bytes();
  CHECK(fails({false, 16, {}}, Code::memory));
  CHECK(fails({false, all - 1, {}}, Code::memory));  // of the last part
  CHECK(!fails({false, all, {}}, Code::memory));
  CHECK(fails({false, all, [](double fraction) { return fraction < 0.5; }}, Code::disposed));
}

CHECK_CASE("gguf/parts that are absent, exchanged, repeated or of another model are refused") {
  {
    const Model m;
    fs::remove(m.folder.at(part_name(2, 3)));
    refused(m.first, Code::file, {"m-00003-of-00003.gguf", "cannot be opened"});
    CHECK(File::open(m.first, {.vocabulary_only = true})->parts() == 1);
  }
  {
    const Model m;  // the second is the first again: a cycle
    fs::copy_file(m.first, m.folder.at(part_name(1, 3)), fs::copy_options::overwrite_existing);
    refused(m.first, Code::format, {"m-00002-of-00003.gguf", "split.no: expected part 2 of 3, found part 1 of 3"});
    fs::rename(m.first, m.folder.at("whole.gguf"));
    refused(m.folder.at("whole.gguf"), Code::format, {"split.count", "-00001-of-00003.gguf"});
  }
  const auto wrong = [](int no, const std::function<void(B&)>& spoil, std::initializer_list<const char*> words) {
    const Model m(no, spoil);
    refused(m.first, Code::format, words);
  };
  wrong(1, [](B& b) { b = part(1, 4, 2); }, {"m-00002-of", "split.count: expected 3 as in the first part, found 4"});
  wrong(1, [](B& b) { b = part(2, 3, 2); }, {"split.no: expected part 2 of 3, found part 3 of 3"});
  wrong(1, [](B& b) { b = part(1, 3, 5); }, {"split.tensors.count: expected 2", "found 5"});
  wrong(1, [](B& b) { b = B(); }, {"m-00002-of-00003.gguf", "split.count"});
  wrong(1, [](B& b) { b.tensor("t2", 0, {4}, 16); }, {"tensor t2", "twice"});
  wrong(1, [](B& b) { b.tensor("more", 0, {4}, 16); }, {"split.tensors.count: expected 2 tensors in all parts, found 3"});
  wrong(0, [](B& b) { b = part(0, 4, 2); }, {"split.count", "-00001-of-00004.gguf"});
  wrong(0, [](B& b) { b = part(7, 3, 2); }, {"split.no: expected less than split.count, 3, found 7"});
  wrong(0, [](B& b) { b = B().value("split.count", B::u16, uint16_t{3}), b.value("split.no", B::i16, int16_t{-1}); },
        {"split.no", "found -1"});
  wrong(0, [](B& b) { b = B().value("split.count", B::u16, uint16_t{3}); }, {"split.no", "absent"});
  wrong(0, [](B& b) { b = B().value("split.count", B::u64, uint64_t{1} << 60); }, {"split.count", "65535"});
}

CHECK_CASE("gguf/a split of many absent parts is refused at the first") {
  const Folder folder;
  refused(folder.write("m-00001-of-65535.gguf", part(0, 65535, 2).bytes()), Code::file, {"m-00002-of-65535.gguf"});
}

CHECK_CASE("gguf/a merged file keeps a count of 0 and is whole") {
  const Folder folder;
  B b = small_gguf();
  b.value("split.no", B::u16, uint16_t{0}).value("split.count", B::u16, uint16_t{0});
  CHECK(File::open(folder.write("merged.gguf", b.bytes()))->tensors().size() == 4);
}

CHECK_CASE("gguf/what is no regular file is refused without waiting, and errors begin with the path") {
  const Folder folder;
  refused(folder.at("absent.gguf"), Code::file, {"absent.gguf: cannot be opened"});
  refused(folder.at(""), Code::file, {"llama-ts-check-"});
  refused(folder.write("empty.gguf", {}), Code::format, {"empty.gguf: magic", "end of the file at byte 0"});
  refused(folder.write("short.gguf", {'G', 'G', 'U', 'F', 3}), Code::format, {"short.gguf: version"});
  refused(std::string("a\0b", 3), Code::file, {"a: the path holds a zero byte"});
  refused("", Code::file, {});
  CHECK(File::open(folder.write("caf\xc3\xa9 \xe6\xa8\xa1.gguf", small_gguf().bytes()))->tensors().size() == 4);
#ifndef _WIN32
  refused("/dev/zero", Code::file, {"/dev/zero: is not a regular file"});
  CHECK(mkfifo(folder.at("pipe").c_str(), 0600) == 0);
  refused(folder.at("pipe"), Code::file, {"not a regular file"});
  if (geteuid() != 0) {  // root reads everything
    const std::string locked = folder.write("locked.gguf", small_gguf().bytes());
    fs::permissions(locked, fs::perms::none);
    refused(locked, Code::file, {"locked.gguf: cannot be opened"});
  }
#endif
}

CHECK_CASE("gguf/reading ahead stops when told") {
  const Folder folder;
  B b;
  b.tensor("big", 24, {40 << 20}, 40 << 20);
  const auto f = File::open(folder.write("big.gguf", b.bytes()));
  int calls = 0;
  f->prefetch([&](double) { return ++calls == 2; });
  CHECK(calls == 2);
  f->prefetch({});
}

#ifndef _WIN32
CHECK_CASE("gguf/a file shortened after it was opened is an error of reading ahead") {
  const Folder folder;
  B b;
  b.tensor("big", 24, {1 << 20}, 1 << 20);
  const std::string path = folder.write("big.gguf", b.bytes());
  const auto f = File::open(path);
  fs::resize_file(path, 4096);
  CHECK_THROWS(f->prefetch({}), Code::file);
}

#ifdef __linux__
// While others read: the file is cut behind, so that what is read then is not of it.
CHECK_CASE("gguf/weights move into huge pages at the addresses where they are") {
  const Folder folder;
  constexpr size_t size = 21 << 20;
  B b;
  b.tensor("big", 24, {size}, size);
  Bytes bytes = b.bytes();
  std::mt19937_64 random(1);
  for (size_t i = bytes.size() - size; i + 8 <= bytes.size(); i += 8) {
    const uint64_t word = random();
    std::memcpy(&bytes[i], &word, 8);
  }
  const std::string path = folder.write("big.gguf", bytes);
  const auto f = File::open(path);
  const gguf::HostTensor& t = *f->tensor("big");
  const auto* data = static_cast<const uint8_t*>(t.data);
  const uint8_t* right = bytes.data() + bytes.size() - size;
  std::atomic<bool> done = false, same = true;
  std::vector<std::thread> readers;
  for (size_t r = 0; r < 2; r++)
    readers.emplace_back([&] {
      while (!done)
        for (size_t i = 0; i < size && !done; i += 4096)
          if (std::memcmp(data + i, right + i, 64) != 0) same = false;
    });
  int asked = 0;
  const uint64_t some = f->settle([&] { return ++asked == 2; });
  const uint64_t moved = f->settle([] { return false; });
  done = true;
  for (std::thread& r : readers) r.join();
  CHECK(same && std::memcmp(data, right, size) == 0);
  if (moved == 0) throw Skip{"the system has no huge pages"};
  CHECK(some == 8 << 20 && moved >= size - (4 << 20) && moved % (2 << 20) == 0);
  f->let_go({static_cast<const char*>(t.data), t.bytes});
  fs::resize_file(path, 0);
  const uint8_t* begin = data + ((2 << 20) - reinterpret_cast<uintptr_t>(data) % (2 << 20));
  CHECK(std::memcmp(begin, right + (begin - data), moved) == 0);
}

#ifdef __GLIBC__
CHECK_CASE("gguf/a piece that the system fails to move is the file's again") {
  const Folder folder;
  B b;
  b.tensor("big", 24, {30 << 20}, 30 << 20);
  const Bytes bytes = b.bytes();
  const auto f = File::open(folder.write("big.gguf", bytes));
  fails_at = 2;
  const uint64_t moved = f->settle([] { return false; });
  if (std::exchange(fails_at, 0) != 0) throw Skip{"the system has no huge pages"};
  CHECK(moved == 8 << 20 && std::memcmp(f->tensor("big")->data, bytes.data() + bytes.size() - (30 << 20), 30 << 20) == 0);
}
#endif

CHECK_CASE("gguf/of a file that was cut, what is left moves into huge pages") {
  const Folder folder;
  B b;
  b.tensor("big", 24, {30 << 20}, 30 << 20);
  const std::string path = folder.write("big.gguf", b.bytes());
  const auto f = File::open(path);
  fs::resize_file(path, 17 << 20);
  try {
    if (f->settle([] { return false; }) == 0) throw Skip{"the system has no huge pages"};
    CHECK(false);
  } catch (const Error& e) {
    CHECK(e.code() == Code::file);
  }
  CHECK(static_cast<const uint8_t*>(f->tensor("big")->data)[4 << 20] == b.bytes()[b.bytes().size() - (26 << 20)]);
}
#endif

// A file with a hole is larger than the disk: its zeros must cost neither memory nor time.
CHECK_CASE("gguf/arrays in a hole of 16 gigabytes are refused at once") {
  const Folder folder;
  for (const B::Kind kind : {B::u8, B::i8, B::u16, B::f64, B::string, B::boolean}) {
    B b;
    b.list("x.list", kind, std::vector<uint8_t>{}, uint64_t{1} << 30);
    const std::string path = folder.write("hole.gguf", b.bytes());
    std::error_code error;
    fs::resize_file(path, uint64_t{1} << 34, error);
    if (error) throw Skip{"the temporary folder takes no file of 16 gigabytes"};
    const auto start = std::chrono::steady_clock::now();
    refused(path, Code::format, {"metadata x.list", "16777216"});
    CHECK(std::chrono::steady_clock::now() - start < std::chrono::seconds(2));
  }
}
#endif

}  // namespace
