#include "comm/world.h"

#include <cstdlib>
#include <exception>
#include <mutex>
#include <optional>

#include "comm/launch.h"
#ifdef LT_MPI
#include "comm/mpi.h"
#endif

namespace lt::comm {

#ifdef LT_MPI

namespace {

struct World {
  std::mutex mutex;
  bool tried = false;
  std::shared_ptr<Star> star;
  std::shared_ptr<Mpi> mpi;
  std::optional<Error> error;
};

// Never destroyed: a failed library's threads may outlive everything.
World& the_world() {
  static World* world = new World;
  return *world;
}

// At the end of the process.
void leave() {
  World& w = the_world();
  if (!w.mpi) return;
  try {
    w.mpi->say_the_end();
    w.mpi->finish();
  } catch (...) {  // a rank failed: there is nobody to wait for
  }
  if (w.star) w.star->leave();
}

void join(World& w, const Launch& launch) {
  if (launch.one_machine()) {
    w.star = Star::meet(launch);
    w.mpi = Mpi::open(launch, w.star);
  } else {
    auto mpi = Mpi::open(launch, nullptr);
    std::string address;
    Socket listener = launch.rank == 0 ? Star::listen_for_others(launch, address) : Socket();
    std::vector<char> said(address.begin(), address.end());
    mpi->broadcast(said);
    w.star = Star::meet_at(launch, std::move(listener), {said.begin(), said.end()});
    mpi->meet(w.star);
    w.mpi = std::move(mpi);
  }
  std::atexit(leave);  // before whatever the library does at the end
}

std::optional<Launch> several() {
  const auto launch = launched();
  return launch && launch->size > 1 ? launch : std::nullopt;
}

}  // namespace

std::shared_ptr<Comm> world() {
  const auto launch = several();
  if (!launch) return nullptr;
  World& w = the_world();
  const std::lock_guard lock(w.mutex);
  if (!w.tried) {
    w.tried = true;
    try {
      join(w, *launch);
    } catch (const Error& e) {
      w.error = e;
    } catch (const std::exception& e) {  // no memory, no thread: a rank that went on alone would compute another thing
      w.error = Error(Code::device, std::string("the ranks cannot be joined: ") + e.what());
    }
    if (w.error && w.star) w.star->fail(*w.error);
  }
  if (w.error) throw *w.error;
  return w.mpi;
}

int rank_here() {
  const auto launch = several();
  return launch ? launch->rank : 0;
}

int ranks_here() {
  const auto launch = several();
  return launch ? launch->size : 1;
}

void prepare() {
  if (several()) Mpi::tame();
}

std::string about() {
  const std::string library = mpi_library();
  return library.empty() ? "no library of Open MPI or MPICH was found" : library;
}

#else

std::shared_ptr<Comm> world() {
  const auto launch = launched();
  if (launch && launch->size > 1)
    throw Error(Code::device, "this process was started as one of " + std::to_string(launch->size) +
                                  " ranks, but this build is without MPI: build with --mpi, or set LLAMA_TS_RANKS=off to compute alone");
  return nullptr;
}
int rank_here() { return 0; }
int ranks_here() { return 1; }
void prepare() {}
std::string about() { return "not compiled in"; }

#endif

}  // namespace lt::comm
