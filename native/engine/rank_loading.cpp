#include "engine/rank_loading.h"

#include <atomic>
#include <map>
#include <mutex>
#include <optional>
#include <utility>

#include "convert/folder.h"
#include "engine/identity.h"
#include "engine/packet.h"
#include "engine/processors.h"
#include "engine/rank_commands.h"

namespace lt::engine {
namespace {

constexpr size_t longest_answer = 64 << 10;  // of a rank while it loads

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
LoadedModel load_together(const std::shared_ptr<comm::Comm>& comm, int64_t model, const EngineOptions& options, const Progress& progress,
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
  LoadedModel parts;
  std::vector<Packet> answers = together(*comm, [&](Packet& answer) {
    const bool exact = options.exact_ranks || exact_by_environment();
    auto ranks = std::make_unique<Ranks>(comm, model, exact, sharers(processors, static_cast<size_t>(comm->rank())));
    parts = assemble(file, options, progress, std::move(ranks));
    answer.put(parts.batch->size().cache.states);
  });
  // The smaller a rank's share of the states, the more of them have room there: there are as many as have room everywhere.
  for (Packet& p : answers) parts.batch->limit_states(p.number());
  return parts;
}

}  // namespace

LoadedModel lead(const std::shared_ptr<comm::Comm>& comm, std::shared_ptr<const gguf::File> file, const EngineOptions& options,
                 const Progress& progress) {
  if (comm->rank() != 0) throw Error(Code::internal, "a rank that follows was asked to lead");
  static std::atomic<int64_t> models{0};
  const int64_t model = ++models;
  const std::lock_guard turn(comm->turn());
  return guarded(*comm, [&] {
    comm->lead();
    Packet p;
    p.put(number_of(RankCommand::load_model)).put(model).put(file->path());
    comm->broadcast(put_options(p, options).bytes());
    LoadedModel parts = load_together(comm, model, options, progress, [&] { return file; });
    parts.ranks->loaded();
    parts.batch->led_by([ranks = parts.ranks.get()](const HostRows& rows, const Batch::Ask& interrupted, const auto& pass) {
      return ranks->lead(rows, interrupted, pass);
    });
    return parts;
  });
}

void follow(const std::shared_ptr<comm::Comm>& comm, const std::string& path, const EngineOptions& options) {
  std::map<int64_t, LoadedModel> models;
  bool first = true;
  guarded(*comm, [&] {
    for (;;) {
      std::vector<char> bytes;
      comm->broadcast(bytes);
      if (bytes.empty()) return;
      Packet told(std::move(bytes));
      const auto command = static_cast<RankCommand>(told.number());
      const int64_t model = told.number();
      if (command == RankCommand::load_model) {
        const std::string other_path = told.text();
        const EngineOptions asked = first ? options : take_options(told, options);
        const std::string own_path = first ? path : other_path;
        first = false;
        models.emplace(model, load_together(comm, model, asked, nullptr, [&] { return convert::open(own_path); }));
      } else if (command == RankCommand::step) {
        LoadedModel& parts = models.at(model);
        parts.ranks->follow(told, *parts.batch);
      } else {
        models.erase(model);
      }
    }
  });
}

}  // namespace lt::engine
