#include "comm/comm.h"

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <string>
#include <utility>

namespace lt::comm {
namespace {

constexpr size_t small_sum = 32 << 10;     // bytes up to which every rank adds everything
constexpr size_t first_message = 4 << 10;  // of a broadcast: its length and beginning
constexpr size_t most_broadcast = size_t{1} << 30;

std::span<char> bytes_of(std::span<float> x) { return {reinterpret_cast<char*>(x.data()), x.size_bytes()}; }

// to += from, values that lie anywhere.
void add(std::span<float> to, const char* from) {
  for (size_t i = 0; i < to.size(); i++) {
    float value;
    std::memcpy(&value, from + i * sizeof value, sizeof value);
    to[i] += value;
  }
}

// The sum of what each rank has, in their order; `part(r)` is where rank r's values lie, null for those in `mine`.
template <class Part>
void sum_in_order(std::span<float> mine, int ranks, std::vector<float>& sum, Part part) {
  sum.assign(mine.size(), 0);
  for (int r = 0; r < ranks; r++) {
    const char* from = part(r) ? part(r) : reinterpret_cast<const char*>(mine.data());
    if (r == 0)
      std::memcpy(sum.data(), from, mine.size_bytes());
    else
      add(sum, from);
  }
  std::memcpy(mine.data(), sum.data(), mine.size_bytes());
}

}  // namespace

template <class Mine>
void Comm::send_to_all(Mine mine) {
  out_.clear();
  for (int r = 0; r < size_; r++)
    if (r != rank_) out_.push_back({r, mine(r)});
}

void Comm::all_reduce(std::span<float> x) {
  if (size_ == 1 || x.empty()) return;
  x.size_bytes() * static_cast<size_t>(size_) <= small_sum ? reduce_at_all(x) : reduce_at_owners(x);
}

// One message to everybody: the least waiting.
void Comm::reduce_at_all(std::span<float> x) {
  const auto parts = all_gather(bytes_of(x), x.size_bytes());
  std::vector<float> sum;
  sum_in_order(x, size_, sum, [&](int r) { return parts[static_cast<size_t>(r)].data(); });
}

// Each rank adds a piece and sends the sum to everybody: the fewest bytes. The same bits as above.
void Comm::reduce_at_owners(std::span<float> x) {
  const auto piece = [&](int r) {
    const size_t first = x.size() * static_cast<size_t>(r) / static_cast<size_t>(size_),
                 end = x.size() * (static_cast<size_t>(r) + 1) / static_cast<size_t>(size_);
    return x.subspan(first, end - first);
  };
  const std::span<float> mine = piece(rank_);
  buffer_.resize(mine.size_bytes() * static_cast<size_t>(size_));
  const auto place = [&](int r) { return std::span(buffer_).subspan(static_cast<size_t>(r) * mine.size_bytes(), mine.size_bytes()); };
  send_to_all([&](int r) { return bytes_of(piece(r)); });
  in_.clear();
  for (int r = 0; r < size_; r++)
    if (r != rank_) in_.push_back({r, place(r)});
  exchange(out_, in_);
  std::vector<float> sum;
  sum_in_order(mine, size_, sum, [&](int r) { return r == rank_ ? nullptr : place(r).data(); });
  send_to_all([&](int) { return bytes_of(mine); });
  in_.clear();
  for (int r = 0; r < size_; r++)
    if (r != rank_) in_.push_back({r, bytes_of(piece(r))});
  exchange(out_, in_);
}

std::span<const std::span<const char>> Comm::all_gather(std::span<const char> mine, size_t most) {
  if (mine.size() > most) throw Error(Code::internal, "a rank has more to gather than was agreed");
  buffer_.resize(most * static_cast<size_t>(size_));
  send_to_all([&](int) { return mine; });
  in_.clear();
  for (int r = 0; r < size_; r++)
    if (r != rank_) in_.push_back({r, std::span(buffer_).subspan(static_cast<size_t>(r) * most, most)});
  exchange(out_, in_);
  for (const Incoming& i : in_) views_[static_cast<size_t>(i.from)] = i.room.first(i.count);
  char* own = buffer_.data() + static_cast<size_t>(rank_) * most;
  if (!mine.empty()) std::memcpy(own, mine.data(), mine.size());
  views_[static_cast<size_t>(rank_)] = {own, mine.size()};
  return views_;
}

void Comm::broadcast(std::vector<char>& bytes) {
  if (size_ == 1) return;
  if (rank_ == 0 && bytes.size() > most_broadcast)
    throw Error(Code::unsupported, "ranks are told at most " + std::to_string(most_broadcast) + " bytes at once, found " +
                                       std::to_string(bytes.size()) + ": make the batch smaller");
  char first[first_message];
  constexpr size_t room = first_message - sizeof(uint64_t);
  uint64_t length = bytes.size();
  out_.clear();
  in_.clear();
  if (rank_ == 0) {
    const size_t beginning = std::min<size_t>(room, bytes.size());
    std::memcpy(first, &length, sizeof length);
    if (beginning) std::memcpy(first + sizeof length, bytes.data(), beginning);
    send_to_all([&](int) { return std::span<const char>(first, sizeof length + beginning); });
    if (bytes.size() > room)
      for (int r = 1; r < size_; r++) out_.push_back({r, std::span(bytes).subspan(room)});
    exchange(out_, in_);
    return;
  }
  in_.push_back({0, first});
  exchange(out_, in_);
  if (in_[0].count < sizeof length) throw Error(Code::internal, "a broadcast between ranks was cut short");
  std::memcpy(&length, first, sizeof length);
  const size_t beginning = std::min<size_t>(room, length);
  if (length > most_broadcast || in_[0].count != sizeof length + beginning)
    throw Error(Code::internal, "a broadcast between ranks was cut short");
  bytes.resize(length);
  if (beginning) std::memcpy(bytes.data(), first + sizeof length, beginning);
  if (length <= room) return;
  in_[0] = {0, std::span(bytes).subspan(room)};
  exchange(out_, in_);
}

void Comm::say_the_end() {
  const std::lock_guard turn(turn_);
  if (!std::exchange(leads_, false)) return;
  std::vector<char> nothing;
  broadcast(nothing);
}

Error of_rank(int rank, const Error& error) {
  const std::string name = "rank " + std::to_string(rank);
  const std::string said = error.what();
  return {error.code(), said.starts_with("rank") ? said : name + ": " + said};
}

}  // namespace lt::comm
