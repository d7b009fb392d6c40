// What threads pay one another, on this machine: nanoseconds, one JSON line. Least of several runs, so that what else runs counts little.
//   own      a claim by an atomic addition, of a line that no other core has
//   shared   a claim where two cores claim as fast as they can: the line goes to and fro (median)
//   signal   from a store to the other core's having seen it, one way
//   wake     from the notification of a sleeping thread to its answer
#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <iterator>
#include <thread>

namespace {

using Clock = std::chrono::steady_clock;
double since(Clock::time_point start) { return std::chrono::duration<double, std::nano>(Clock::now() - start).count(); }

struct alignas(64) Line {
  std::atomic<uint32_t> value{0};
};

template <class F>
double least(int runs, F f) {
  double best = 1e18;
  for (int i = 0; i < runs; i++) best = std::min(best, f());
  return best;
}

template <class F>
double median(F f) {
  double times[15];
  for (double& t : times) t = f();
  std::sort(std::begin(times), std::end(times));
  return times[7];
}

double own_claim() {
  constexpr int claims = 1 << 18;
  return least(9, [] {
    Line line;
    const auto start = Clock::now();
    for (int i = 0; i < claims; i++) line.value.fetch_add(1, std::memory_order_relaxed);
    return since(start) / claims;
  });
}

// Ping and pong: each waits for the other's number. Half of a round is a signal.
template <class Answer>
double signals(int rounds, Answer answer) {
  Line there, back;
  std::thread other([&] {
    for (uint32_t i = 1; i <= static_cast<uint32_t>(rounds); i++) {
      while (there.value.load(std::memory_order_acquire) < i) continue;
      answer(back.value);
    }
  });
  const auto start = Clock::now();
  for (uint32_t i = 1; i <= static_cast<uint32_t>(rounds); i++) {
    there.value.store(i, std::memory_order_release);
    while (back.value.load(std::memory_order_acquire) < i) continue;
  }
  const double took = since(start) / rounds;
  other.join();
  return took / 2;
}

double one_signal() {
  return least(15, [] { return signals(1 << 13, [](std::atomic<uint32_t>& back) { back.fetch_add(1); }); });
}

// Two threads claim from one counter until it is empty; the time of one claim of all.
double shared_claim() {
  constexpr uint32_t claims = 1 << 17;
  return median([] {
    Line line, ready;
    const auto claim = [&] {
      ready.value.fetch_add(1);
      while (ready.value.load() < 2) continue;
      while (line.value.fetch_add(1, std::memory_order_relaxed) < claims) continue;
    };
    std::thread other(claim);
    while (ready.value.load() < 1) continue;
    const auto start = Clock::now();
    claim();
    const double took = since(start) / claims;
    other.join();
    return took;
  });
}

double one_wake() {
  Line there, back;
  constexpr uint32_t rounds = 60;
  std::thread other([&] {
    for (uint32_t i = 0; i < rounds; i++) {
      there.value.wait(i);
      back.value.store(i + 1, std::memory_order_release);
    }
  });
  double best = 1e18;
  for (uint32_t i = 0; i < rounds; i++) {
    std::this_thread::sleep_for(std::chrono::microseconds(500));  // the other sleeps by now
    const auto start = Clock::now();
    there.value.store(i + 1);
    there.value.notify_one();
    while (back.value.load(std::memory_order_acquire) != i + 1) continue;
    best = std::min(best, since(start));
  }
  other.join();
  return best;
}

}  // namespace

int main() {
  std::printf("{\"own\":%.2f,\"shared\":%.2f,\"signal\":%.2f,\"wake\":%.0f}\n", own_claim(), shared_claim(), one_signal(), one_wake());
  return 0;
}
