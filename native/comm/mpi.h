// Ranks over an MPI library, which is opened when the program runs: Open MPI or MPICH and its kin. Only point-to-point calls are
// used, none of which waits, so that the star can end a wait.
#pragma once
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "comm/comm.h"
#include "comm/launch.h"
#include "comm/star.h"

namespace lt::comm {

class Mpi : public Comm {
 public:
  // Opens and starts the library. `star` may be null until meet() gives one. Throws Code::device.
  static std::shared_ptr<Mpi> open(const Launch& launch, std::shared_ptr<Star> star);

  void meet(std::shared_ptr<Star> star) { star_ = std::move(star); }
  void fail(const Error& error) override;
  void check() override;
  const std::string& library() const { return library_; }  // "Open MPI v4.1.4", from where
  // Ends the library's part, unless a rank failed. Waits for the others, at most some seconds.
  virtual void finish() = 0;

 protected:
  Mpi(const Launch& launch, std::shared_ptr<Star> star) : Comm(launch.rank, launch.size), star_(std::move(star)) {}
  // Calls what may wait for other ranks on a thread of its own, which is left behind where it does not return within `seconds` or
  // a rank fails: `call` must own what it touches. Throws what check() throws; none: it did not return.
  std::optional<int> beside(std::function<int()> call, double seconds);

  std::shared_ptr<Star> star_;
  std::string library_;
};

// Whether an MPI library can be opened: its name, or why not.
std::string mpi_library();

}  // namespace lt::comm
