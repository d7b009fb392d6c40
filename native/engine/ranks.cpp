#include "engine/ranks.h"

#include <algorithm>
#include <map>
#include <mutex>
#include <optional>
#include <utility>

#include "comm/ranked.h"
#include "comm/world.h"
#include "convert/folder.h"
#include "engine/current_error.h"
#include "engine/identity.h"
#include "engine/packet.h"
#include "engine/parts.h"
#include "engine/processors.h"

namespace lt::engine {
namespace {

// What rank 0 tells the others to do. An empty message: it ends.
enum Command : int64_t { load_model, step, free_model };

constexpr int64_t small_step = 32;           // rows up to which a step is too short to be interrupted
constexpr size_t longest_answer = 64 << 10;  // of a rank while it loads

// What `work` throws ends all ranks.
template <class Work>
auto guarded(comm::Comm& comm, Work work) {
  try {
    return work();
  } catch (...) {
    const Error error = current_error();
    comm.fail(error);
    comm.check();  // the first failure of all
    throw error;
  }
}

// Runs `work`, whose failure is told to all ranks instead of leaving them to wait; then every rank throws the first one's error.
// What `answer` adds is gathered with it.
std::vector<Packet> together(comm::Comm& comm, const std::function<void(Packet& answer)>& work) {
  Packet mine;
  std::optional<Error> error;
  try {
    Packet answer;
    work(answer);
    mine.put(int64_t{-1}).put(std::string(answer.bytes().begin(), answer.bytes().end()));
  } catch (...) {
    error = current_error();
    mine.put(static_cast<int64_t>(error->code())).put(std::string(error->what()).substr(0, longest_answer / 2));
  }
  std::vector<Packet> answers;
  const auto all = comm.all_gather(mine.bytes(), longest_answer);
  for (size_t r = 0; r < all.size(); r++) {
    Packet answer(std::vector<char>(all[r].begin(), all[r].end()));
    const int64_t code = answer.number();
    const std::string text = answer.text();
    if (code >= 0) throw comm::of_rank(static_cast<int>(r), Error(static_cast<Code>(code), text));
    answers.emplace_back(std::vector<char>(text.begin(), text.end()));
  }
  return answers;
}

// All ranks load: first who they are, then the model.
Parts load_together(const std::shared_ptr<comm::Comm>& comm, int64_t model, const EngineOptions& options, const Progress& progress,
                    const std::function<std::shared_ptr<const gguf::File>()>& open) {
  std::shared_ptr<const gguf::File> file;
  std::vector<Identity> identities;
  std::vector<Processors> processors;
  for (Packet& p : together(*comm, [&](Packet& answer) {
         file = open();
         const Identity i = identity_of(*file, options);
         answer.put(i.version).put(i.file).put(i.options);
         processors_here().put(answer);
       })) {
    Identity i{p.text(), p.text(), p.text()};
    identities.push_back(std::move(i));
    processors.push_back(Processors::take(p));
  }
  compare(identities);
  Parts parts;
  together(*comm, [&](Packet&) {
    const bool exact = options.exact_ranks || exact_by_environment();
    auto ranks = std::make_unique<Ranks>(comm, model, exact, sharers(processors, static_cast<size_t>(comm->rank())));
    parts = assemble(file, options, progress, std::move(ranks));
  });
  return parts;
}

std::vector<int32_t> packed(const std::vector<Span>& spans) {
  std::vector<int32_t> out;
  for (const Span& s : spans) out.push_back(static_cast<int32_t>(s.count));
  return out;
}

Packet packet_of(int64_t model, const HostRows& rows) {
  Packet p;
  p.put(step)
      .put(model)
      .put(rows.ids)
      .put(rows.positions)
      .put(rows.sequences)
      .put(rows.pages)
      .put(rows.outputs)
      .put(rows.copies)
      .put(packed(rows.spans));
  return p;
}

HostRows rows_of(Packet& p) {
  HostRows rows;
  for (auto* list : {&rows.ids, &rows.positions, &rows.sequences, &rows.pages, &rows.outputs, &rows.copies}) *list = p.list();
  int64_t first = 0;
  for (const int32_t count : p.list()) {
    rows.spans.push_back({first, count, std::ssize(rows.spans)});
    first += count;
  }
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
    comm_->broadcast(p.put(free_model).put(model_).bytes());
  } catch (...) {  // they have ended
  }
}

void Ranks::forget_weights() {
  division_.read.clear();
  division_.packed.clear();
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

Parts lead(const std::shared_ptr<comm::Comm>& comm, std::shared_ptr<const gguf::File> file, const EngineOptions& options,
           const Progress& progress) {
  if (comm->rank() != 0) throw Error(Code::internal, "a rank that follows was asked to lead");
  static std::atomic<int64_t> models{0};
  const int64_t model = ++models;
  const std::lock_guard turn(comm->turn());
  return guarded(*comm, [&] {
    comm->lead();
    Packet p;
    p.put(load_model).put(model).put(file->path());
    comm->broadcast(put_options(p, options).bytes());
    Parts parts = load_together(comm, model, options, progress, [&] { return file; });
    parts.ranks->loaded();
    parts.batch->led_by([ranks = parts.ranks.get()](const HostRows& rows, const Batch::Ask& interrupted, const auto& pass) {
      return ranks->lead(rows, interrupted, pass);
    });
    return parts;
  });
}

void follow(const std::shared_ptr<comm::Comm>& comm, const std::string& path, const EngineOptions& options) {
  std::map<int64_t, Parts> models;
  bool first = true;
  guarded(*comm, [&] {
    for (;;) {
      std::vector<char> bytes;
      comm->broadcast(bytes);
      if (bytes.empty()) return;
      Packet told(std::move(bytes));
      const int64_t command = told.number(), model = told.number();
      if (command == load_model) {
        const std::string other_path = told.text();
        const EngineOptions asked = first ? options : take_options(told, options);
        const std::string own_path = first ? path : other_path;
        first = false;
        models.emplace(model, load_together(comm, model, asked, nullptr, [&] { return convert::open(own_path); }));
      } else if (command == step) {
        Parts& parts = models.at(model);
        parts.ranks->follow(told, *parts.batch);
      } else {
        models.erase(model);
      }
    }
  });
}

int rank_here() { return comm::rank_here(); }
int ranks_here() { return comm::ranks_here(); }
void prepare_ranks() { comm::prepare(); }
std::string about_ranks() { return comm::about(); }

void Follower::run(const std::string& path, const EngineOptions& options) {
  const auto comm = options.comm ? options.comm : comm::world();
  const auto at_work = [this](std::shared_ptr<comm::Comm> with) {
    const std::lock_guard lock(mutex_);
    comm_ = std::move(with);
    if (comm_ && stopped_) comm_->fail(Error(Code::disposed, "was stopped"));
  };
  at_work(comm);
  try {
    follow(comm, path, options);
  } catch (...) {
    at_work(nullptr);
    throw;
  }
  at_work(nullptr);
}

void Follower::stop() {
  const std::lock_guard lock(mutex_);
  if (!std::exchange(stopped_, true) && comm_) comm_->fail(Error(Code::disposed, "was stopped"));
}

}  // namespace lt::engine
