// A line beside MPI: each rank keeps a socket to rank 0, so that a rank that died, stopped or never came is known by its number
// within seconds, and an error of one becomes the error of all. MPI itself would wait.
//
// Ranks of one machine meet at a local socket, where both ends see each other's user. Those of several meet at a TCP port, which any
// machine that reaches it may connect to: who does not say at once the word that MPI told the ranks, and the number of a rank that has
// not come yet, is dropped unheard. So strangers neither fail the job nor hold it up.
#pragma once
#include <atomic>
#include <chrono>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "comm/launch.h"
#include "core/error.h"

namespace lt::comm {

// A socket, closed at the end.
class Socket {
 public:
  Socket() = default;
  explicit Socket(int descriptor) : descriptor_(descriptor) {}
  Socket(Socket&& other) noexcept : descriptor_(std::exchange(other.descriptor_, -1)) {}
  Socket& operator=(Socket&& other) noexcept {
    std::swap(descriptor_, other.descriptor_);
    return *this;
  }
  ~Socket();
  int get() const { return descriptor_; }
  explicit operator bool() const { return descriptor_ >= 0; }

 private:
  int descriptor_ = -1;
};

class Star {
 public:
  // All ranks of one machine meet before MPI starts. Throws Code::device naming those that do not come.
  static std::unique_ptr<Star> meet(const Launch& launch);
  // Ranks of several machines: rank 0 listens and its address ("host:port:word") goes to the others by MPI. Where all ranks are on this
  // machine, at its loopback address alone.
  static Socket listen_for_others(const Launch& launch, std::string& address);
  static std::unique_ptr<Star> meet_at(const Launch& launch, Socket listener, const std::string& address);
  ~Star();

  // Throws the first failure of any rank.
  void check() {
    if (failed_.load(std::memory_order_acquire)) raise();
  }
  // Of this rank: all others are told.
  void fail(const Error& error);
  // This rank goes, as agreed: not a failure.
  void leave();
  bool has_failed() const { return failed_.load(std::memory_order_acquire); }

 private:
  using Clock = std::chrono::steady_clock;
  struct Peer {
    int rank = -1;  // -1: has not said
    Socket socket;
    std::vector<char> bytes{};  // that came and are not a whole message yet: never more than one and what a read takes
    Clock::time_point came = Clock::now(), heard = came;
    bool gone = false;  // left or lost
  };
  struct Message;

  explicit Star(const Launch& launch);
  void gather(Socket listener, const std::string& word);  // rank 0
  void admit(const Socket& listener);                     // who is connecting now
  void listen_to(const Socket& listener);                 // a moment, to all who are there
  void attach(Socket socket, const std::string& word);    // others
  void start();
  void watch();
  void watch_once(Clock::time_point& told);
  void hear(Peer& peer);
  void take(Peer& peer, const Message& message);
  bool introduces(const Peer& peer, const Message& message) const;
  void leaves(Peer& peer);
  void lost(Peer& peer, const std::string& how);
  void record(int rank, const Error& error);
  void send(const Peer& peer, const Message& message) const;
  void tell_all(const Message& message);
  [[noreturn]] void missing(const std::string& how);
  std::vector<int> absent() const;
  [[noreturn]] void raise();

  const Launch launch_;
  const double patience_, silence_;  // seconds: to come, and to be heard of
  std::vector<Peer> peers_;          // rank 0: all others; others: rank 0
  bool begun_ = false;               // all ranks are there
  std::string word_;                 // that others must know; empty: their user is known
  std::atomic<bool> failed_{false}, stopping_{false};
  std::mutex mutex_;  // of what follows, and of sending
  std::optional<Error> failure_;
  Error unwatched_{Code::memory, "the line between ranks ended: not enough memory for a message"};  // made while there is some
  Socket wake_[2];
  std::thread watcher_;
};

}  // namespace lt::comm
