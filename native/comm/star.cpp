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
constexpr size_t most_strangers = 64;  // connections at once that have not said who they are: the oldest goes
constexpr uint32_t longest_text = 4096, longest_word = 64;
constexpr size_t head_bytes = 8;

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
  fcntl(descriptor, F_SETFL, fcntl(descriptor, F_GETFL) | O_NONBLOCK);  // whoever is at the other end must not hold this rank up
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

bool wait_for(int descriptor, short what, milliseconds how_long) {
  pollfd p{descriptor, what, 0};
  return poll(&p, 1, static_cast<int>(how_long.count())) > 0;
}

bool wait_readable(int descriptor, milliseconds how_long) { return wait_for(descriptor, POLLIN, how_long); }

// 0, or what went wrong. A connection that takes longer than `patience` seconds has failed.
int connect_within(const Socket& s, const sockaddr* address, socklen_t length, double patience) {
  if (connect(s.get(), address, length) == 0) return 0;
  if (errno != EINPROGRESS && errno != EINTR) return errno;
  if (!wait_for(s.get(), POLLOUT, milliseconds(static_cast<int64_t>(patience * 1000)))) return ETIMEDOUT;
  int error = 0;
  socklen_t size = sizeof error;
  return getsockopt(s.get(), SOL_SOCKET, SO_ERROR, &error, &size) == 0 ? error : errno;
}

double since(std::chrono::steady_clock::time_point t) {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - t).count();
}

std::string names(const std::vector<int>& ranks) {
  std::string out = ranks.size() == 1 ? "rank " : "ranks ";
  for (size_t i = 0; i < ranks.size(); i++) out += (i ? ", " : "") + std::to_string(ranks[i]);
  return out;
}

int backlog(const Launch& launch) { return std::max(launch.size, 128); }

// A connection to one of the machine's addresses.
Socket reach(const std::string& host, const std::string& service, double patience) {
  addrinfo wish{}, *found = nullptr;
  wish.ai_family = AF_INET, wish.ai_socktype = SOCK_STREAM;
  if (getaddrinfo(host.c_str(), service.c_str(), &wish, &found) != 0 || !found)
    throw Error(Code::device, "rank 0's machine " + host + " has no address here");
  const std::unique_ptr<addrinfo, void (*)(addrinfo*)> all(found, freeaddrinfo);
  int error = 0;
  for (const addrinfo* a = found; a; a = a->ai_next) {
    Socket s = prepared(socket(AF_INET, SOCK_STREAM, 0));
    error = connect_within(s, a->ai_addr, a->ai_addrlen, patience);
    if (error) continue;
    const int on = 1;
    setsockopt(s.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    return s;
  }
  throw Error(Code::device, "rank 0 cannot be reached at " + host + ":" + service + ": " + std::strerror(error));
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
  // The first whole one of `bytes`, taken out of it; none: more must come. `bad`: no rank sends such a one.
  static std::optional<Message> unpack(std::vector<char>& bytes, uint32_t longest, bool& bad) {
    if (bytes.size() < head_bytes) return std::nullopt;
    Message m;
    uint32_t length = 0;
    std::memcpy(&m.kind, bytes.data(), 1), std::memcpy(&m.code, bytes.data() + 1, 1);
    std::memcpy(&m.rank, bytes.data() + 2, 2), std::memcpy(&length, bytes.data() + 4, 4);
    bad = length > longest || m.kind > farewell;
    if (bad || bytes.size() < head_bytes + length) return std::nullopt;
    m.text.assign(bytes.data() + head_bytes, length);
    bytes.erase(bytes.begin(), bytes.begin() + head_bytes + length);
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
    if (bind(s.get(), address, at.length) != 0 || listen(s.get(), backlog(launch)) != 0)
      throw Error(Code::device, std::string("rank 0 cannot listen for the others: ") + std::strerror(errno));
    star->gather(std::move(s), "");
  } else {
    const auto begun = Clock::now();
    // Another user's process under this name is not rank 0.
    for (int turn = 0; connect(s.get(), address, at.length) != 0 || !same_user(s.get()); turn++) {
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
  const bool here = launch.local_size == launch.size;
  sockaddr_in at{};
  at.sin_family = AF_INET;
  at.sin_addr.s_addr = htonl(here ? INADDR_LOOPBACK : INADDR_ANY);
  socklen_t size = sizeof at;
  char host[256] = "127.0.0.1";
  if (bind(s.get(), reinterpret_cast<const sockaddr*>(&at), size) != 0 || listen(s.get(), backlog(launch)) != 0 ||
      getsockname(s.get(), reinterpret_cast<sockaddr*>(&at), &size) != 0 || (!here && gethostname(host, sizeof host - 1) != 0))
    throw Error(Code::device, std::string("rank 0 cannot listen for the others: ") + std::strerror(errno));
  std::random_device random;
  address = std::string(host) + ":" + std::to_string(ntohs(at.sin_port)) + ":";
  for (int i = 0; i < 4; i++) address += std::to_string(random());
  return s;
}

std::unique_ptr<Star> Star::meet_at(const Launch& launch, Socket listener, const std::string& address) {
  std::unique_ptr<Star> star(new Star(launch));
  const size_t port = address.find(':'), word = address.find(':', port + 1);
  if (port == std::string::npos || word == std::string::npos) throw Error(Code::device, "rank 0 told no address: expected host:port:word");
  if (launch.rank == 0) {
    star->gather(std::move(listener), address.substr(word + 1));
  } else {
    star->attach(reach(address.substr(0, port), address.substr(port + 1, word - port - 1), star->patience_), address.substr(word + 1));
  }
  star->start();
  return star;
}

void Star::gather(Socket listener, const std::string& word) {
  word_ = word;
  const auto begun = Clock::now();
  auto looked = begun;
  while (!absent().empty()) {
    listen_to(listener);
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
  std::erase_if(peers_, [](const Peer& p) { return p.rank < 0; });
  tell_all({.kind = begin});
}

void Star::listen_to(const Socket& listener) {
  std::vector<pollfd> waiting{{listener.get(), POLLIN, 0}};
  for (const Peer& p : peers_) waiting.push_back({p.gone ? -1 : p.socket.get(), POLLIN, 0});
  if (poll(waiting.data(), static_cast<nfds_t>(waiting.size()), 100) > 0) {
    for (size_t i = 0; i < peers_.size(); i++)
      if (waiting[i + 1].revents) hear(peers_[i]);
    if (waiting[0].revents) admit(listener);
  }
  std::erase_if(peers_, [&](const Peer& p) { return p.rank < 0 && (p.gone || since(p.came) > silence_); });
}

void Star::admit(const Socket& listener) {
  const int other = accept(listener.get(), nullptr, nullptr);
  if (other < 0) {  // it went again, or this process has too many files open: later, then
    if (errno == EMFILE || errno == ENFILE || errno == ENOMEM || errno == ENOBUFS) std::this_thread::sleep_for(milliseconds(20));
    return;
  }
  Socket s = prepared(other);
  if (word_.empty() && !same_user(s.get())) return;
  const auto stranger = [](const Peer& p) { return p.rank < 0; };
  if (static_cast<size_t>(std::count_if(peers_.begin(), peers_.end(), stranger)) >= most_strangers)
    peers_.erase(std::find_if(peers_.begin(), peers_.end(), stranger));
  peers_.push_back({.socket = std::move(s)});
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
  missing("left before the ranks began");
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

// On a thread of its own: what is thrown here would end the process.
void Star::watch() {
  auto told = Clock::now() - beat;
  while (!stopping_) {
    try {
      watch_once(told);
    } catch (...) {  // no memory for a message: the others hear of this rank's silence
      const std::lock_guard lock(mutex_);
      if (!failure_) failure_.emplace(std::move(unwatched_));
      failed_.store(true, std::memory_order_release);
      return;
    }
  }
}

void Star::watch_once(Clock::time_point& told) {
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

void Star::hear(Peer& p) {
  char some[4096];
  const ssize_t n = recv(p.socket.get(), some, sizeof some, MSG_DONTWAIT);
  if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR)) return;
  if (n <= 0) return lost(p, "died: its process ended without a word");
  p.heard = Clock::now();
  p.bytes.insert(p.bytes.end(), some, some + n);
  bool bad = false;
  while (!p.gone) {
    const auto m = Message::unpack(p.bytes, p.rank < 0 ? longest_word : longest_text, bad);
    if (!m) break;
    take(p, *m);
  }
  if (bad) lost(p, "sent what no rank sends: its memory is damaged, or it is of another version");
}

// Whether the first message of a connection is that of a rank that has not come yet.
bool Star::introduces(const Peer& p, const Message& m) const {
  return launch_.rank == 0 && p.rank < 0 && m.kind == hello && m.rank > 0 && m.rank < launch_.size && m.text == word_ &&
         std::none_of(peers_.begin(), peers_.end(), [&](const Peer& other) { return other.rank == m.rank; });
}

void Star::take(Peer& p, const Message& m) {
  if (introduces(p, m)) {
    p.rank = m.rank;
    return;
  }
  if (p.rank < 0) return leaves(p);  // a stranger: nothing else it says counts
  if (m.kind == begin && p.rank == 0) begun_ = true;
  if (m.kind == farewell) leaves(p);
  // Rank 0 hands on what others failed of; the others speak for themselves.
  const int rank = p.rank == 0 && m.rank < launch_.size ? m.rank : p.rank;
  if (m.kind == failure) record(rank, Error(static_cast<Code>(m.code), m.text));
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
    if (!p.gone && p.rank >= 0) send(p, m);
}

void Star::leave() {
  if (stopping_.exchange(true)) return;
  tell_all({.kind = farewell, .rank = static_cast<uint16_t>(launch_.rank)});
  (void)!write(wake_[1].get(), "", 1);
  if (watcher_.joinable()) watcher_.join();
  for (Peer& p : peers_) p.socket = Socket();
}

}  // namespace lt::comm
