#include "engine/ranks.h"

#include <algorithm>
#include <mutex>
#include <utility>

#include "comm/ranked.h"
#include "engine/batch.h"
#include "engine/packet.h"
#include "engine/rank_commands.h"

namespace lt::engine {
namespace {

constexpr int64_t small_step = 32;  // rows up to which a step is too short to be interrupted

Packet packet_of(int64_t model, const HostRows& rows) {
  Packet p;
  p.put(number_of(RankCommand::step)).put(model);
  HostRows::each_list(rows, [&](const std::vector<int32_t>& list) { p.put(list); });
  return p;
}

HostRows rows_of(Packet& p) {
  HostRows rows;
  HostRows::each_list(rows, [&](std::vector<int32_t>& list) { list = p.list(); });
  return rows;
}

bool may_be_interrupted(const HostRows& rows) { return std::ssize(rows.ids) > small_step; }

}  // namespace

Ranks::Ranks(std::shared_ptr<comm::Comm> comm, int64_t model, bool exact, int sharers)
    : comm_(std::move(comm)), model_(model), sharers_(sharers) {
  division_.rank = comm_->rank();
  division_.size = comm_->size();
  division_.exact = exact;
}

Ranks::~Ranks() {
  if (!leads() || !loaded_) return;
  try {
    const std::lock_guard turn(comm_->turn());
    comm_->check();
    Packet p;
    comm_->broadcast(p.put(number_of(RankCommand::free_model)).put(model_).bytes());
  } catch (...) {  // they have ended
  }
}

void Ranks::forget_weights() {
  division_.read.clear();
  division_.packed_bytes = 0;
}

std::unique_ptr<Backend> Ranks::open(int threads, const std::function<std::unique_ptr<Backend>(int threads)>& with) const {
  std::unique_ptr<Backend> below = with(threads);
  const int share = std::max(1, below->threads() / sharers_);
  if (threads == 0 && share < below->threads()) below = with(share);
  return std::make_unique<comm::Ranked>(std::move(below), comm_);
}

bool Ranks::lead(const HostRows& rows, const std::function<bool()>& interrupted,
                 const std::function<bool(const std::function<bool()>&)>& pass) {
  const std::lock_guard turn(comm_->turn());
  return guarded(*comm_, [&] {
    comm_->broadcast(packet_of(model_, rows).bytes());
    if (!may_be_interrupted(rows)) return pass([] { return false; });
    return pass([&] {
      std::vector<char> stop(1, static_cast<char>(interrupted()));
      comm_->broadcast(stop);
      return stop[0] != 0;
    });
  });
}

void Ranks::follow(Packet& told, Batch& batch) {
  const HostRows rows = rows_of(told);
  const bool asks = may_be_interrupted(rows);
  batch.run(rows, [&] {
    std::vector<char> stop;
    if (asks) comm_->broadcast(stop);
    return !stop.empty() && stop[0] != 0;
  });
}

}  // namespace lt::engine
