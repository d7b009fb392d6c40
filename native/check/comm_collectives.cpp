// What happens between ranks: the same bits everywhere, in the order of ranks, whoever comes first.
#include <chrono>
#include <cstring>
#include <random>

#include "check/collectives.h"
#include "check/ranks.h"

namespace lt::check {
namespace {

constexpr int sizes[] = {1, 2, 3, 4};

// Values whose sum depends on its order.
std::vector<float> values_of(int rank, size_t n) {
  std::mt19937 random(static_cast<uint32_t>(rank * 7919 + 1));
  std::vector<float> out(n);
  for (float& v : out) v = std::ldexp(static_cast<float>(random()) - 2147483648.0f, static_cast<int>(random() % 8) - 32);
  return out;
}

std::vector<float> sum_in_order(int size, size_t n) {
  std::vector<float> sum = values_of(0, n);
  for (int r = 1; r < size; r++) {
    const std::vector<float> next = values_of(r, n);
    for (size_t i = 0; i < n; i++) sum[i] += next[i];
  }
  return sum;
}

// Ranks arrive at different times, in another order each time.
void stagger(int rank, int turn) { std::this_thread::sleep_for(std::chrono::milliseconds((rank * 5 + turn * 7) % 4)); }

}  // namespace

void check_sums(comm::Comm& comm) {
  for (const size_t n : {1, 5, 64, 2000, 20000})  // short ones are added everywhere, long ones in pieces
    for (int turn = 0; turn < 4; turn++) {
      std::vector<float> x = values_of(comm.rank(), n);
      stagger(comm.rank(), turn);
      comm.all_reduce(x);
      CHECK_THAT(same_bits(x, sum_in_order(comm.size(), n)), n << " values on rank " << comm.rank() << " of " << comm.size());
    }
}

void check_gathers(comm::Comm& comm) {
  for (const size_t n : {0, 1, 5000, 300000}) {
    const std::vector<char> mine(n + static_cast<size_t>(comm.rank()), static_cast<char>('a' + comm.rank()));
    const auto all = comm.all_gather(mine, n + 4);
    for (size_t r = 0; r < all.size(); r++)
      CHECK(all[r].size() == n + r && std::all_of(all[r].begin(), all[r].end(), [&](char c) { return c == static_cast<char>('a' + r); }));
    std::vector<char> said;
    if (comm.rank() == 0) said.assign(n * 3, 'x');
    comm.broadcast(said);
    CHECK(said == std::vector<char>(n * 3, 'x'));
  }
}

namespace {

CHECK_CASE("comm/sums are in the order of ranks, the same bits on all, whoever comes first") {
  for (const int size : sizes) on_ranks(size, [](const auto& comm) { check_sums(*comm); });
}

CHECK_CASE("comm/gathers and broadcasts of any length") {
  for (const int size : sizes) on_ranks(size, [](const auto& comm) { check_gathers(*comm); });
}

CHECK_CASE("comm/a rank that fails ends the others with its error and its number") {
  std::vector<std::string> said(3);
  on_ranks(3, [&](const auto& comm) {
    if (comm->rank() == 1) return comm->fail(Error(Code::memory, "no memory left"));
    try {
      std::vector<float> x(10);
      comm->all_reduce(x);
    } catch (const Error& e) {
      said[static_cast<size_t>(comm->rank())] = std::string(code_name(e.code())) + " " + e.what();
    }
  });
  CHECK(said[0] == "MEMORY rank 1: no memory left" && said[2] == said[0]);
}

CHECK_CASE("comm/ranked exchanges the columns of a view and leaves the others alone") {
  on_ranks(3, [](const auto& comm) {
    comm::Ranked backend(open_backend("ref", {}), comm);
    const Tensor wide = backend.alloc(Type::f32, 4, 10);
    std::vector<float> start(40);
    for (size_t i = 0; i < start.size(); i++) start[i] = static_cast<float>(i * (static_cast<size_t>(comm->rank()) + 1));
    backend.write(wide, start.data());
    backend.all_reduce(wide.columns(2, 3));
    std::vector<float> end(40);
    backend.read(end.data(), wide);
    for (size_t i = 0; i < end.size(); i++) {
      const bool inside = i % 10 >= 2 && i % 10 < 5;
      CHECK(end[i] == (inside ? static_cast<float>(i * 6) : start[i]));
    }
    // One column of rank 0, two of rank 1, three of rank 2.
    const Tensor all = backend.alloc(Type::f32, 4, 6);
    backend.all_gather(all, wide.columns(0, comm->rank() + 1));
    std::vector<float> gathered(24);
    backend.read(gathered.data(), all);
    const float first_row[] = {0, 0, 2, 0, 3, 12};  // rank 2's third column was summed
    for (size_t c = 0; c < 6; c++) CHECK_THAT(gathered[c] == first_row[c], "column " << c << ": " << gathered[c]);
  });
}

}  // namespace
}  // namespace lt::check
