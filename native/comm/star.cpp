#include "comm/star.h"

#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <cstring>
#include <random>

#include "comm/comm.h"

namespace lt::comm {
namespace {

using std::chrono::milliseconds;
constexpr milliseconds beat{500};
constexpr double wait_seconds = 60, silence_seconds = 10, slow_start_seconds = 3;
constexpr uint32_t longest_text = 4096;

enum Kind : uint8_t { hello, begin, alive, failure, farewell };

#ifdef MSG_NOSIGNAL
constexpr int no_signal = MSG_NOSIGNAL;
#else
constexpr int no_signal = 0;
#endif

// Not inherited by programs that this process starts: they would keep it open after this process died.
Socket prepared(int descriptor) {
  Socket s(descriptor);
  if (!s) throw Error(Code::device, std::string("cannot open a socket between ranks: ") + std::strerror(errno));
  fcntl(descriptor, F_SETFD, FD_CLOEXEC);
#ifdef SO_NOSIGPIPE
  const int on = 1;
  setsockopt(descriptor, SOL_SOCKET, SO_NOSIGPIPE, &on, sizeof on);
#endif
  return s;
}

struct LocalAddress {
  sockaddr_un address{};
  socklen_t length = 0;
};

// Linux: a name that vanishes with the process. Elsewhere: a path, which rank 0 makes anew.
LocalAddress local_address(const std::string& job) {
  LocalAddress a;
  a.address.sun_family = AF_UNIX;
#ifdef __linux__
  const std::string name = std::string(1, '\0') + "llama-ts-" + std::to_string(getuid()) + "-" + job;
#else
  const std::string name = "/tmp/llama-ts-" + std::to_string(getuid()) + "-" + job;
#endif
  const size_t n = std::min(name.size(), sizeof a.address.sun_path - 1);
  std::memcpy(a.address.sun_path, name.data(), n);
  a.length = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + n);
  return a;
}

// Whether the other end is this user's.
bool same_user(int descriptor) {
#if defined(__linux__)
  ucred other{};
  socklen_t size = sizeof other;
  return getsockopt(descriptor, SOL_SOCKET, SO_PEERCRED, &other, &size) == 0 && other.uid == getuid();
#else
  uid_t user = 0;
  gid_t group = 0;
  return getpeereid(descriptor, &user, &group) == 0 && user == getuid();
#endif
}

bool wait_readable(int descriptor, milliseconds how_long) {
  pollfd p{descriptor, POLLIN, 0};
  return poll(&p, 1, static_cast<int>(how_long.count())) > 0;
}

double since(std::chrono::steady_clock::time_point t) {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - t).count();
}

std::string names(const std::vector<int>& ranks) {
  std::string out = ranks.size() == 1 ? "rank " : "ranks ";
  for (size_t i = 0; i < ranks.size(); i++) out += (i ? ", " : "") + std::to_string(ranks[i]);
  return out;
}

std::string seconds(double s) { return std::to_string(static_cast<int>(s + 0.5)) + " s"; }

}  // namespace

Socket::~Socket() {
  if (descriptor_ >= 0) close(descriptor_);
}

// On the wire: kind, code, rank, length of the text, the text.
struct Star::Message {
  uint8_t kind = alive, code = 0;
  uint16_t rank = 0;
  std::string text{};

  std::string packed() const {
    const auto length = static_cast<uint32_t>(std::min<size_t>(text.size(), longest_text));
    std::string out(8, '\0');
    std::memcpy(out.data(), &kind, 1), std::memcpy(out.data() + 1, &code, 1);
    std::memcpy(out.data() + 2, &rank, 2), std::memcpy(out.data() + 4, &length, 4);
    return out + text.substr(0, length);
  }
  // The first whole one of `bytes`, taken out of it.
  static std::optional<Message> unpack(std::vector<char>& bytes) {
    if (bytes.size() < 8) return std::nullopt;
    Message m;
    uint32_t length = 0;
    std::memcpy(&m.kind, bytes.data(), 1), std::memcpy(&m.code, bytes.data() + 1, 1);
    std::memcpy(&m.rank, bytes.data() + 2, 2), std::memcpy(&length, bytes.data() + 4, 4);
    length = std::min(length, longest_text);
    if (bytes.size() < 8 + length) return std::nullopt;
    m.text.assign(bytes.data() + 8, length);
    bytes.erase(bytes.begin(), bytes.begin() + 8 + length);
    return m;
  }
};

Star::Star(const Launch& launch)
    : launch_(launch),
      patience_(seconds_of("LLAMA_TS_RANKS_WAIT", wait_seconds)),
      silence_(seconds_of("LLAMA_TS_RANKS_SILENCE", silence_seconds)) {
  int ends[2];
  if (pipe(ends) != 0) throw Error(Code::device, std::string("cannot open a pipe: ") + std::strerror(errno));
  wake_[0] = prepared(ends[0]);
  wake_[1] = prepared(ends[1]);
}

Star::~Star() { leave(); }

std::unique_ptr<Star> Star::meet(const Launch& launch) {
  std::unique_ptr<Star> star(new Star(launch));
  const LocalAddress at = local_address(launch.job);
  const auto* address = reinterpret_cast<const sockaddr*>(&at.address);
  Socket s = prepared(socket(AF_UNIX, SOCK_STREAM, 0));
  if (launch.rank == 0) {
#ifndef __linux__
    unlink(at.address.sun_path);
#endif
    if (bind(s.get(), address, at.length) != 0 || listen(s.get(), launch.size) != 0)
      throw Error(Code::device, std::string("rank 0 cannot listen for the others: ") + std::strerror(errno));
    star->gather(std::move(s), "");
  } else {
    const auto begun = Clock::now();
    for (int turn = 0; connect(s.get(), address, at.length) != 0; turn++) {
      const auto there = turn % 25 == 0 && since(begun) > slow_start_seconds ? ranks_alive(launch) : std::nullopt;
      if (there && std::find(there->begin(), there->end(), 0) == there->end()) star->missing("ended before it loaded the model");
      if (since(begun) > star->patience_) star->missing("did not load the model within " + seconds(star->patience_));
      std::this_thread::sleep_for(milliseconds(20));
      s = prepared(socket(AF_UNIX, SOCK_STREAM, 0));
    }
    star->attach(std::move(s), "");
  }
  star->start();
  return star;
}

Socket Star::listen_for_others(const Launch& launch, std::string& address) {
  Socket s = prepared(socket(AF_INET, SOCK_STREAM, 0));
  sockaddr_in any{};
  any.sin_family = AF_INET;
  socklen_t size = sizeof any;
  char host[256] = "";
  if (bind(s.get(), reinterpret_cast<const sockaddr*>(&any), size) != 0 || listen(s.get(), launch.size) != 0 ||
      getsockname(s.get(), reinterpret_cast<sockaddr*>(&any), &size) != 0 || gethostname(host, sizeof host - 1) != 0)
    throw Error(Code::device, std::string("rank 0 cannot listen for the others: ") + std::strerror(errno));
  std::random_device random;
  address = std::string(host) + ":" + std::to_string(ntohs(any.sin_port)) + ":" + std::to_string(random()) + std::to_string(random());
  return s;
}

std::unique_ptr<Star> Star::meet_at(const Launch& launch, Socket listener, const std::string& address) {
  std::unique_ptr<Star> star(new Star(launch));
  const size_t port = address.find(':'), word = address.find(':', port + 1);
  if (launch.rank == 0) {
    star->gather(std::move(listener), address.substr(word + 1));
  } else {
    addrinfo wish{}, *found = nullptr;
    wish.ai_family = AF_INET, wish.ai_socktype = SOCK_STREAM;
    const std::string host = address.substr(0, port), service = address.substr(port + 1, word - port - 1);
    Socket s = prepared(socket(AF_INET, SOCK_STREAM, 0));
    if (getaddrinfo(host.c_str(), service.c_str(), &wish, &found) != 0 || !found)
      throw Error(Code::device, "rank 0's machine " + host + " has no address here");
    const int joined = connect(s.get(), found->ai_addr, found->ai_addrlen);
    freeaddrinfo(found);
    if (joined != 0) throw Error(Code::device, "rank 0 cannot be reached at " + host + ":" + service + ": " + std::strerror(errno));
    const int on = 1;
    setsockopt(s.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    star->attach(std::move(s), address.substr(word + 1));
  }
  star->start();
  return star;
}

void Star::gather(Socket listener, const std::string& word) {
  word_ = word;
  const auto begun = Clock::now();
  auto looked = begun;
  while (!absent().empty()) {
    if (wait_readable(listener.get(), milliseconds(100))) {
      Socket s = prepared(accept(listener.get(), nullptr, nullptr));
      if (word.empty() && !same_user(s.get())) continue;
      peers_.push_back({.socket = std::move(s)});
    }
    for (Peer& p : peers_)
      if (!p.gone && wait_readable(p.socket.get(), milliseconds(p.rank < 0 ? 20 : 0))) hear(p);
    std::erase_if(peers_, [&](const Peer& p) { return p.rank < 0 && p.gone; });
    check();
    if (since(begun) > patience_) missing("did not load the model within " + seconds(patience_));
    if (launch_.one_machine() && since(begun) > slow_start_seconds && since(looked) > 0.5) {
      looked = Clock::now();
      const auto there = ranks_alive(launch_);
      const auto here = [&](int r) { return !there || std::find(there->begin(), there->end(), r) != there->end(); };
      for (const int r : absent())
        if (!here(r)) missing("ended before it loaded the model");
    }
  }
  tell_all({.kind = begin});
}

void Star::attach(Socket socket, const std::string& word) {
  peers_.push_back({.rank = 0, .socket = std::move(socket)});
  send(peers_[0], {.kind = hello, .rank = static_cast<uint16_t>(launch_.rank), .text = word});
  const auto begun = Clock::now();
  const Peer& p = peers_[0];
  while (!p.gone) {
    if (wait_readable(p.socket.get(), milliseconds(200))) hear(peers_[0]);
    check();
    if (begun_) return;
    if (since(begun) > patience_ + slow_start_seconds) missing("did not begin within " + seconds(patience_));
  }
  check();
}

std::vector<int> Star::absent() const {
  std::vector<int> out;
  for (int r = 1; launch_.rank == 0 && r < launch_.size; r++)
    if (std::none_of(peers_.begin(), peers_.end(), [&](const Peer& p) { return p.rank == r; })) out.push_back(r);
  return out;
}

// Whom this rank waits for and cannot have. Those who came hear of it.
void Star::missing(const std::string& how) {
  const std::vector<int> who = launch_.rank == 0 ? absent() : std::vector<int>{0};
  const Error error(Code::device, names(who) + " of " + std::to_string(launch_.size) + " " + how);
  record(launch_.rank, error);
  throw error;
}

void Star::start() {
  watcher_ = std::thread([this] { watch(); });
}

void Star::watch() {
  auto told = Clock::now() - beat;
  while (!stopping_) {
    if (Clock::now() - told >= beat) {
      told = Clock::now();
      tell_all({.kind = alive});
    }
    std::vector<pollfd> waiting{{wake_[0].get(), POLLIN, 0}};
    for (const Peer& p : peers_) waiting.push_back({p.gone ? -1 : p.socket.get(), POLLIN, 0});
    if (poll(waiting.data(), static_cast<nfds_t>(waiting.size()), static_cast<int>(beat.count())) > 0)
      for (size_t i = 0; i < peers_.size(); i++)
        if (waiting[i + 1].revents) hear(peers_[i]);
    for (Peer& p : peers_)
      if (!p.gone && since(p.heard) > silence_ && !wait_readable(p.socket.get(), milliseconds(0)))
        lost(p, "has not been heard of for " + seconds(silence_) + ": it is stopped, or its machine is");
  }
}

void Star::hear(Peer& p) {
  char some[4096];
  const ssize_t n = recv(p.socket.get(), some, sizeof some, MSG_DONTWAIT);
  if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR)) return;
  if (n <= 0) return lost(p, "died: its process ended without a word");
  p.heard = Clock::now();
  p.bytes.insert(p.bytes.end(), some, some + n);
  while (const auto m = Message::unpack(p.bytes)) take(p, *m);
}

void Star::take(Peer& p, const Message& m) {
  if (m.kind == hello && p.rank < 0 && m.rank < launch_.size && m.text == word_) p.rank = m.rank;
  if (m.kind == begin) begun_ = true;
  if (m.kind == farewell) leaves(p);
  if (m.kind == failure) record(m.rank, Error(static_cast<Code>(std::min<uint8_t>(m.code, static_cast<uint8_t>(Code::internal))), m.text));
}

void Star::leaves(Peer& p) {
  const std::lock_guard lock(mutex_);
  p.gone = true;
}

void Star::lost(Peer& p, const std::string& how) {
  leaves(p);
  if (p.rank >= 0) record(p.rank, Error(Code::device, "rank " + std::to_string(p.rank) + " " + how));
}

// The first failure stands; rank 0 hands it on.
void Star::record(int rank, const Error& error) {
  const Error named = of_rank(rank, error);
  {
    const std::lock_guard lock(mutex_);
    if (failure_) return;
    failure_ = named;
    failed_.store(true, std::memory_order_release);
  }
  tell_all({.kind = failure, .code = static_cast<uint8_t>(named.code()), .rank = static_cast<uint16_t>(rank), .text = named.what()});
}

void Star::fail(const Error& error) { record(launch_.rank, error); }

void Star::raise() {
  const std::lock_guard lock(mutex_);
  throw Error(failure_->code(), failure_->what());
}

// Small messages: a line that takes no more is one whose other end has stopped, which its silence tells.
void Star::send(const Peer& p, const Message& m) const {
  const std::string bytes = m.packed();
  if (p.socket) (void)!::send(p.socket.get(), bytes.data(), bytes.size(), MSG_DONTWAIT | no_signal);
}

void Star::tell_all(const Message& m) {
  const std::lock_guard lock(mutex_);
  for (const Peer& p : peers_)
    if (!p.gone) send(p, m);
}

void Star::leave() {
  if (stopping_.exchange(true)) return;
  tell_all({.kind = farewell, .rank = static_cast<uint16_t>(launch_.rank)});
  (void)!write(wake_[1].get(), "", 1);
  if (watcher_.joinable()) watcher_.join();
  for (Peer& p : peers_) p.socket = Socket();
}

}  // namespace lt::comm
