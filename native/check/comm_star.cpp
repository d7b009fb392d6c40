// The line between ranks: who is let in, and what strangers who connect to it can do, which is nothing.
#ifndef _WIN32
#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <cstddef>
#include <cstdlib>
#include <cstring>
#include <future>
#include <optional>
#include <string>
#include <thread>

#include "check/check.h"
#include "comm/star.h"

namespace lt::check {
namespace {

using comm::Launch;
using comm::Socket;
using comm::Star;

#ifdef MSG_NOSIGNAL
constexpr int no_signal = MSG_NOSIGNAL;
#else
constexpr int no_signal = 0;
#endif

enum Kind : uint8_t { hello, begin, alive, failure, farewell };

// As on the wire: kind, code, rank, length of the text, the text.
std::string message(uint8_t kind, uint16_t rank, const std::string& text, std::optional<uint32_t> length = {}) {
  const uint32_t bytes = length.value_or(static_cast<uint32_t>(text.size()));
  std::string out(8, '\0');
  out[0] = static_cast<char>(kind);
  std::memcpy(out.data() + 2, &rank, 2), std::memcpy(out.data() + 4, &bytes, 4);
  return out + text;
}

Launch rank_of(int rank, int size) {
  Launch l;
  l.rank = rank, l.size = size, l.local_size = size, l.network = true;
  return l;
}

// Rank 0's port and word, and ranks that meet there.
class Meeting {
 public:
  explicit Meeting(int size) : size_(size), listener_(Star::listen_for_others(rank_of(0, size), address_)) {
    const size_t port = address_.find(':');
    word_ = address_.substr(address_.find(':', port + 1) + 1);
    at_.sin_family = AF_INET;
    at_.sin_port = htons(static_cast<uint16_t>(std::atoi(address_.c_str() + port + 1)));
    at_.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  }

  const std::string& address() const { return address_; }
  const std::string& word() const { return word_; }

  std::future<std::unique_ptr<Star>> rank(int r) {
    return std::async(std::launch::async,
                      [this, r] { return Star::meet_at(rank_of(r, size_), r == 0 ? std::move(listener_) : Socket(), address_); });
  }

  // Somebody who connects and says this.
  Socket stranger(const std::string& says) const {
    Socket s(socket(AF_INET, SOCK_STREAM, 0));
    CHECK(connect(s.get(), reinterpret_cast<const sockaddr*>(&at_), sizeof at_) == 0);
    say(s, says);
    return s;
  }
  static void say(const Socket& s, const std::string& words) {
    if (!words.empty()) (void)!send(s.get(), words.data(), words.size(), no_signal);
  }

 private:
  int size_;
  std::string address_, word_;
  Socket listener_;
  sockaddr_in at_{};
};

// Waits until the other end has closed it, at most a minute; whether it said nothing before.
bool was_dropped(const Socket& s) {
  const timeval patience{60, 0};
  setsockopt(s.get(), SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
  char some[64];
  const ssize_t n = recv(s.get(), some, sizeof some, 0);
  return n == 0 || (n < 0 && errno == ECONNRESET);
}

// What check() throws, once there is something.
Error failure_of(Star& star) {
  for (int i = 0; i < 6000; i++) {
    try {
      star.check();
    } catch (const Error& e) {
      return e;
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
  throw std::runtime_error("no failure within a minute");
}

// Closed with a reset.
void leave_rudely(Socket s) {
  const linger now{1, 0};
  setsockopt(s.get(), SOL_SOCKET, SO_LINGER, &now, sizeof now);
}

class Setting {
 public:
  Setting(const char* name, const char* value) : name_(name) { setenv(name, value, 1); }
  ~Setting() { unsetenv(name_); }

 private:
  const char* name_;
};

CHECK_CASE("comm/star: strangers neither fail the ranks nor hold them up, and are dropped") {
  Meeting meeting(3);
  CHECK(meeting.address().starts_with("127.0.0.1:"));  // all on this machine: nobody else can reach it
  auto zero = meeting.rank(0);
  const std::string& word = meeting.word();
  std::vector<Socket> loud, silent;
  for (const std::string& says :
       {std::string(4096, 'x'), std::string("GET / HTTP/1.1\r\n\r\n"), message(failure, 1, "you have failed"), message(begin, 0, ""),
        message(farewell, 2, ""), message(alive, 1, ""), message(hello, 1, "another word"), message(hello, 1, ""), message(hello, 0, word),
        message(hello, 3, word), message(hello, 65535, word), message(hello, 1, word, 0xffffffff), message(hello, 1, word, 4096),
        message(hello, 1, word + word), message(250, 1, word), message(failure, 1, std::string(4096, 'y'))})
    loud.push_back(meeting.stranger(says));
  for (int i = 0; i < 100; i++) silent.push_back(meeting.stranger(""));
  silent.push_back(meeting.stranger(message(hello, 1, word).substr(0, 7)));
  silent.push_back(meeting.stranger(message(hello, 2, word).substr(0, 12)));
  for (int i = 0; i < 20; i++) leave_rudely(meeting.stranger(message(hello, 1, "x")));
  for (const Socket& s : loud) CHECK(was_dropped(s));

  auto one = meeting.rank(1), two = meeting.rank(2);
  const auto star0 = zero.get(), star1 = one.get(), star2 = two.get();
  for (const auto* star : {&star0, &star1, &star2}) CHECK(!(*star)->has_failed());
  for (const Socket& s : silent) CHECK(was_dropped(s));
  star2->fail(Error(Code::memory, "no room"));
  for (const auto* star : {&star0, &star1}) {
    const Error e = failure_of(**star);
    CHECK_THAT(e.code() == Code::memory && std::string(e.what()) == "rank 2: no room", e.what());
  }
}

CHECK_CASE("comm/star: a rank that has come is not replaced by another who knows the word") {
  Meeting meeting(3);
  auto zero = meeting.rank(0);
  const Socket first = meeting.stranger(message(hello, 1, meeting.word()));
  const Socket second = meeting.stranger(message(hello, 1, meeting.word()) + message(failure, 1, "wrong"));
  CHECK(was_dropped(second));
  auto two = meeting.rank(2);
  const auto star0 = zero.get(), star2 = two.get();
  CHECK(!star0->has_failed() && !star2->has_failed());
  char begun[8];
  CHECK(recv(first.get(), begun, sizeof begun, MSG_WAITALL) == 8 && begun[0] == begin);
}

CHECK_CASE("comm/star: a rank that sends what no rank sends has failed, by its number") {
  for (const std::string& says : {message(alive, 1, "", 0xffffffff), message(200, 1, ""), message(failure, 1, "", 4097)}) {
    Meeting meeting(2);
    auto zero = meeting.rank(0);
    const Socket one = meeting.stranger(message(hello, 1, meeting.word()));
    const auto star = zero.get();
    Meeting::say(one, says);
    const Error e = failure_of(*star);
    CHECK_THAT(e.code() == Code::device && std::string(e.what()).starts_with("rank 1 sent what no rank sends"), e.what());
  }
}

CHECK_CASE("comm/star: a rank speaks for itself alone, and its texts may be long") {
  Meeting meeting(2);
  auto zero = meeting.rank(0);
  const Socket one = meeting.stranger(message(hello, 1, meeting.word()));
  const auto star = zero.get();
  Meeting::say(one, message(failure, 0, std::string(4096, 'z')));
  CHECK(std::string(failure_of(*star).what()) == "rank 1: " + std::string(4096, 'z'));
}

CHECK_CASE("comm/star: who says half a hello, letter by letter, is dropped, and the rank that is missing is named") {
  const Setting silence("LLAMA_TS_RANKS_SILENCE", "0.5"), wait("LLAMA_TS_RANKS_WAIT", "3");
  Meeting meeting(2);
  auto zero = meeting.rank(0);
  const Socket slow = meeting.stranger("");
  const std::string words = message(hello, 1, meeting.word());
  auto trickle = std::async(std::launch::async, [&] {
    for (size_t i = 0; i + 1 < words.size(); i++) {
      Meeting::say(slow, words.substr(i, 1));
      std::this_thread::sleep_for(std::chrono::milliseconds(100));
    }
  });
  CHECK(was_dropped(slow));
  try {
    zero.get();
    CHECK(false);
  } catch (const Error& e) {
    CHECK_THAT(e.code() == Code::device && std::string(e.what()) == "rank 1 of 2 did not load the model within 3 s", e.what());
  }
  trickle.get();
}

#ifdef __linux__
CHECK_CASE("comm/star: at the local socket too") {
  Launch zero_is;
  zero_is.size = zero_is.local_size = 2;
  zero_is.job = "check-" + std::to_string(getpid());
  Launch one_is = zero_is;
  one_is.rank = 1;
  auto zero = std::async(std::launch::async, [&] { return Star::meet(zero_is); });
  sockaddr_un at{};
  at.sun_family = AF_UNIX;
  const std::string name = std::string(1, '\0') + "llama-ts-" + std::to_string(getuid()) + "-" + zero_is.job;
  std::memcpy(at.sun_path, name.data(), name.size());
  const auto length = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + name.size());
  std::vector<Socket> strangers;
  for (const std::string& says :
       {std::string(5000, 'x'), message(failure, 1, "you have failed"), message(hello, 0, ""), message(hello, 2, "")}) {
    Socket s(socket(AF_UNIX, SOCK_STREAM, 0));
    while (connect(s.get(), reinterpret_cast<const sockaddr*>(&at), length) != 0) std::this_thread::sleep_for(std::chrono::milliseconds(1));
    Meeting::say(s, says);
    strangers.push_back(std::move(s));
  }
  for (const Socket& s : strangers) CHECK(was_dropped(s));
  auto one = std::async(std::launch::async, [&] { return Star::meet(one_is); });
  const auto star0 = zero.get(), star1 = one.get();
  CHECK(!star0->has_failed() && !star1->has_failed());
}
#endif

}  // namespace
}  // namespace lt::check
#endif
