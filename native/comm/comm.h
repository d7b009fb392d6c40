// Several ranks that compute one model: who this is, and how bytes move between them. Every rank calls the same methods in the
// same order. Sums are made in the order of ranks, never of arrival, so all ranks hold the same bits whatever the timing.
#pragma once
#include <cstddef>
#include <mutex>
#include <span>
#include <vector>

#include "core/error.h"

namespace lt::comm {

class Comm {
 public:
  virtual ~Comm() = default;
  int rank() const { return rank_; }
  int size() const { return size_; }

  // Held for what belongs together: a step, a load. Several threads of a rank may use this object, one at a time.
  std::mutex& turn() { return turn_; }

  // x[i] = x[i] of rank 0 + x[i] of rank 1 + ...
  void all_reduce(std::span<float> x);
  // Every rank's bytes, by rank, at most `most` of each. They stay until the next call.
  std::span<const std::span<const char>> all_gather(std::span<const char> mine, size_t most);
  // Rank 0's bytes, to everybody.
  void broadcast(std::vector<char>& bytes);

  // Rank 0: the others wait for what it broadcasts, and it owes them an end: an empty broadcast, said once.
  void lead() { leads_ = true; }
  void say_the_end();

  // This rank cannot go on: all others throw this error from what they wait in, with this rank's number in front. Thread-safe.
  virtual void fail(const Error& error) = 0;
  // Throws where a rank has failed. Thread-safe.
  virtual void check() = 0;

 protected:
  Comm(int rank, int size) : rank_(rank), size_(size), views_(static_cast<size_t>(size)) {}

  struct Outgoing {
    int to;
    std::span<const char> bytes;
  };
  struct Incoming {
    int from;
    std::span<char> room;
    size_t count = 0;  // bytes that came
  };
  // Sends and receives all of these at once. Messages from one rank to another arrive in the order of calls. Throws where a rank
  // has failed, whoever it is.
  virtual void exchange(std::span<const Outgoing> out, std::span<Incoming> in) = 0;

 private:
  void reduce_at_all(std::span<float> x);
  void reduce_at_owners(std::span<float> x);
  template <class Mine>
  void send_to_all(Mine mine);  // mine(rank): what it gets

  int rank_, size_;
  std::mutex turn_;
  bool leads_ = false;
  std::vector<Outgoing> out_;
  std::vector<Incoming> in_;
  std::vector<char> buffer_;
  std::vector<std::span<const char>> views_;
};

// The error of rank `rank`, as others report it.
Error of_rank(int rank, const Error& error);

}  // namespace lt::comm
