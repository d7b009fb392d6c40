#include "comm/mpi.h"

#include <chrono>
#include <cstdlib>
#include <cstring>
#include <thread>

#include "comm/mpi_calls.h"

namespace lt::comm {
namespace {

using Clock = std::chrono::steady_clock;
constexpr int tag = 77;
constexpr double start_seconds = 120, finish_seconds = 10;

// Waits a little: yields at first, sleeps when nothing came for a while, so that ranks can share cores and an idle one costs little.
class Pause {
 public:
  void operator()() {
    const auto waited = Clock::now() - begun_;
    if (waited < std::chrono::microseconds(200))
      std::this_thread::yield();
    else if (waited < std::chrono::milliseconds(20))
      std::this_thread::sleep_for(std::chrono::microseconds(20));
    else
      std::this_thread::sleep_for(std::chrono::microseconds(waited < std::chrono::seconds(2) ? 100 : 1000));
  }

 private:
  Clock::time_point begun_ = Clock::now();
};

template <class Handle>
class Opened final : public Mpi {
 public:
  Opened(const Launch& launch, std::shared_ptr<Star> star, const Library& library) : Mpi(launch, std::move(star)), calls_(library) {
    library_ = library.name;
    int running = 0;
    calls_.initialized(&running);
    if (!running) begin();
    int ranks = 0, own = 0;
    calls_.comm_size(calls_.world, &ranks);
    calls_.comm_rank(calls_.world, &own);
    if (ranks != size() || own != rank())
      throw Error(Code::device, library.name + " knows of " + std::to_string(ranks) + " ranks, the launcher started " +
                                    std::to_string(size()) +
                                    ": it belongs to another MPI; name the launcher's own library in "
                                    "LLAMA_TS_MPI_LIBRARY");
    const auto copy = std::make_shared<Handle>();
    const auto code = beside([f = calls_.comm_dup, from = calls_.world, copy] { return f(from, copy.get()); }, start_seconds);
    if (code != mpi_success) throw Error(Code::device, library_ + ": MPI_Comm_dup failed");
    comm_ = *copy;
    calls_.comm_set_errhandler(comm_, calls_.errors_return);
  }

  void finish() override {
    if (started_ && !broken_ && !(star_ && star_->has_failed())) beside([f = calls_.finalize] { return f(); }, finish_seconds);
  }

 protected:
  // Messages lie in memory of this object until they have gone or come: where a rank fails, they are left behind.
  void exchange(std::span<const Outgoing> out, std::span<Incoming> in) override {
    check();
    pending_.clear();
    size_t bytes = 0;
    for (const Outgoing& o : out) bytes += o.bytes.size();
    for (const Incoming& i : in) bytes += i.room.size();
    if (staged_.size() < bytes) staged_.resize(bytes);
    char* at = staged_.data();
    broken_ = true;
    for (const Incoming& i : in) {
      Handle request{};
      fine(calls_.irecv(at, length(i.room.size()), calls_.byte, i.from, tag, comm_, &request));
      pending_.push_back({request, at});
      at += i.room.size();
    }
    for (const Outgoing& o : out) {
      if (!o.bytes.empty()) std::memcpy(at, o.bytes.data(), o.bytes.size());
      Handle request{};
      fine(calls_.isend(at, length(o.bytes.size()), calls_.byte, o.to, tag, comm_, &request));
      pending_.push_back({request, at});
      at += o.bytes.size();
    }
    wait(in);
    broken_ = false;
    for (size_t i = 0; i < in.size(); i++)
      if (in[i].count) std::memcpy(in[i].room.data(), pending_[i].at, in[i].count);
  }

 private:
  struct Pending {
    Handle request;
    char* at;
    bool done = false;
  };

  void begin() {
    const auto given = std::make_shared<int>(0);
    const auto code =
        beside([f = calls_.init_thread, given] { return f(nullptr, nullptr, mpi_thread_serialized, given.get()); }, start_seconds);
    if (!code) throw Error(Code::device, library_ + ": MPI_Init did not return within " + std::to_string(int(start_seconds)) + " s");
    fine(*code);
    started_ = true;
    if (*given < mpi_thread_serialized)
      throw Error(Code::device, library_ + ": expected MPI_THREAD_SERIALIZED, the library gives level " + std::to_string(*given));
  }

  void wait(std::span<Incoming> in) {
    Pause pause;
    for (size_t left = pending_.size(); left > 0;) {
      for (size_t i = 0; i < pending_.size(); i++) {
        Pending& p = pending_[i];
        if (p.done) continue;
        Status status{};
        int done = 0;
        fine(calls_.test(&p.request, &done, &status));
        if (!done) continue;
        p.done = true;
        left--;
        int count = 0;
        if (i < in.size()) {
          fine(calls_.get_count(&status, calls_.byte, &count));
          if (count < 0 || static_cast<size_t>(count) > in[i].room.size())
            throw Error(Code::internal, "a message between ranks is longer than was agreed");
          in[i].count = static_cast<size_t>(count);
        }
      }
      if (left == 0) return;
      check();
      pause();
    }
  }

  void fine(int code) const {
    if (code == mpi_success) return;
    char text[1024] = "";
    int length = 0;
    calls_.error_string(code, text, &length);
    throw Error(Code::device, library_ + ": " + std::string(text, static_cast<size_t>(std::max(0, std::min(length, 1023)))));
  }

  static int length(size_t bytes) {
    if (bytes > INT32_MAX) throw Error(Code::internal, "a message between ranks is longer than MPI counts");
    return static_cast<int>(bytes);
  }

  Calls<Handle> calls_;
  Handle comm_{};
  bool started_ = false;  // by this object
  bool broken_ = false;   // messages were left behind
  std::vector<char> staged_;
  std::vector<Pending> pending_;
};

// By the launcher: two libraries may be installed side by side.
std::vector<std::string> candidates(bool open_mpi) {
  if (const char* wish = std::getenv("LLAMA_TS_MPI_LIBRARY"); wish && *wish) return {wish};
#ifdef __APPLE__
  if (open_mpi) return {"libmpi.40.dylib", "libmpi.dylib", "/opt/homebrew/lib/libmpi.dylib", "/usr/local/lib/libmpi.dylib"};
  return {"libmpi.12.dylib", "libpmpi.12.dylib", "libmpi.dylib", "/opt/homebrew/lib/libmpi.dylib", "/usr/local/lib/libmpi.dylib"};
#else
  if (open_mpi) return {"libmpi.so.40", "libmpi.so"};
  return {"libmpich.so.12", "libmpi.so.12", "libmpich.so", "libmpi.so"};
#endif
}

Library open_library(bool open_mpi) {
  std::string tried;
  for (const std::string& name : candidates(open_mpi)) {
    // Global: Open MPI's own plugins look for its symbols there.
    if (void* handle = dlopen(name.c_str(), RTLD_NOW | RTLD_GLOBAL)) return {handle, name};
    tried += (tried.empty() ? "" : ", ") + name;
  }
  throw Error(Code::device, std::string("no MPI library of ") + (open_mpi ? "Open MPI" : "MPICH") + " was found (" + tried +
                                "): install it, or name it in LLAMA_TS_MPI_LIBRARY");
}

}  // namespace

void Mpi::tame() {
  constexpr const char* settings[][2] = {
      {"UCX_MEM_MMAP_HOOK_MODE", "none"},  // UCX, below MPICH and Open MPI: memory hooks by rewriting functions of libc
      {"UCX_MEM_EVENTS", "n"},
      {"UCX_MEM_MALLOC_HOOKS", "n"},
      {"UCX_HANDLE_ERRORS", "none"},    // handlers of SIGSEGV and others
      {"OMPI_MCA_memory", "^patcher"},  // Open MPI's own memory hooks
      {"OMPI_MCA_opal_signal", ""},     // its signal handlers
  };
  for (const auto& [name, value] : settings) setenv(name, value, 0);
}

std::shared_ptr<Mpi> Mpi::open(const Launch& launch, std::shared_ptr<Star> star) {
  tame();
  const Library library = open_library(launch.open_mpi);
  if (library.is_open_mpi()) return std::make_shared<Opened<void*>>(launch, std::move(star), library);
  return std::make_shared<Opened<int>>(launch, std::move(star), library);
}

void Mpi::fail(const Error& error) {
  if (star_) star_->fail(error);
}

void Mpi::check() {
  if (star_) star_->check();
}

std::optional<int> Mpi::beside(std::function<int()> call, double seconds) {
  struct State {
    int code = 0;
    std::atomic<bool> done{false};
  };
  const auto state = std::make_shared<State>();
  std::thread([state, call = std::move(call)] {
    state->code = call();
    state->done = true;
  }).detach();
  const auto begun = Clock::now();
  while (!state->done) {
    check();
    if (std::chrono::duration<double>(Clock::now() - begun).count() > seconds) return std::nullopt;
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  return state->code;
}

std::string mpi_library() {
  for (const bool open_mpi : {true, false}) try {
      return open_library(open_mpi).name;
    } catch (const Error&) {  // the other one, then
    }
  return "";
}

}  // namespace lt::comm
