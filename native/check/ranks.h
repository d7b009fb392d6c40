// Models on several ranks, without the engine: for checks of comm and of how a model is divided.
#pragma once
#include <exception>
#include <functional>
#include <memory>
#include <optional>
#include <thread>
#include <vector>

#include "check/check.h"
#include "check/forward.h"
#include "comm/ranked.h"
#include "comm/threads.h"
#include "model/model.h"

namespace lt::check {

// Runs `body` as each of `size` ranks, threads of this process; throws the first rank's error.
inline void on_ranks(int size, const std::function<void(const std::shared_ptr<comm::Comm>&)>& body) {
  const auto all = comm::threads(size);
  std::vector<std::exception_ptr> errors(all.size());
  std::vector<std::thread> running;
  for (size_t r = 0; r < all.size(); r++)
    running.emplace_back([&, r] {
      try {
        body(all[r]);
      } catch (const std::exception& e) {
        errors[r] = std::current_exception();
        all[r]->fail(Error(Code::internal, e.what()));
      }
    });
  for (std::thread& t : running) t.join();
  for (const std::exception_ptr& e : errors)
    if (e) std::rethrow_exception(e);
}

// Adapters beside a model, and how much of which all rows have.
struct AdaptedModel {
  std::vector<model::AdapterFile> files = {};
  std::vector<AdapterShare> shares = {};
};

struct RankRun {
  std::vector<float> logits;
  std::string division;
  uint64_t weights = 0;
};

// What forward() gives, computed by this rank together with the others.
inline RankRun forward_on(const std::shared_ptr<comm::Comm>& comm, const gguf::File& file, const std::string& backend_name,
                          const std::vector<int32_t>& ids, Type cache, bool exact, bool hidden = false,
                          const std::vector<int32_t>& decoder = {}, const AdaptedModel& adapted = {}) {
  model::Division division;
  division.rank = comm->rank(), division.size = comm->size(), division.exact = exact;
  comm::Ranked backend(open_backend(backend_name, {1, "", 0}), comm);
  const auto model = model::load(file, backend, {.adapters = &adapted.files, .context = std::ssize(ids)}, &division);
  RankRun run;
  run.logits = forward(*model, backend, ids, cache, nullptr, hidden, decoder, {std::ssize(adapted.files), adapted.shares});
  run.division = division.text();
  run.weights = division.weights();
  return run;
}

inline std::vector<RankRun> forward_on_threads(int size, const gguf::File& file, const std::string& backend,
                                               const std::vector<int32_t>& ids, Type cache, bool exact, bool hidden = false,
                                               const std::vector<int32_t>& decoder = {}, const AdaptedModel& adapted = {}) {
  std::vector<RankRun> runs(static_cast<size_t>(size));
  on_ranks(size, [&](const std::shared_ptr<comm::Comm>& comm) {
    runs[static_cast<size_t>(comm->rank())] = forward_on(comm, file, backend, ids, cache, exact, hidden, decoder, adapted);
  });
  return runs;
}

}  // namespace lt::check
