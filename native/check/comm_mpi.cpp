// The same over MPI: mpirun -n 3 llama-ts-check mpi/. Every rank runs every case; one that fails ends them all.
#include <cstring>

#include "check/collectives.h"
#include "check/comm_engine.h"
#include "check/golden.h"
#include "check/ranks.h"
#include "comm/launch.h"
#include "comm/world.h"

namespace lt::check {
namespace {

void on_world(const std::function<void(const std::shared_ptr<comm::Comm>&)>& body) {
  auto comm = comm::world();
  if (!comm && comm::launched()) comm = comm::threads(1)[0];
  if (!comm) throw Skip{"needs several ranks: mpirun -n 3 llama-ts-check mpi/"};
  try {
    body(comm);
  } catch (const Skip&) {
    throw;
  } catch (const std::exception& e) {
    comm->fail(Error(Code::internal, e.what()));
    throw;
  }
}

void check_same_on_all(comm::Comm& comm, const std::vector<float>& logits) {
  const std::vector<float> mine = logits;
  const std::span<const char> bytes{reinterpret_cast<const char*>(mine.data()), mine.size() * 4};
  for (const auto& other : comm.all_gather(bytes, bytes.size()))
    CHECK(other.size() == bytes.size() && std::memcmp(other.data(), bytes.data(), bytes.size()) == 0);
}

void golden_on_world(const std::shared_ptr<comm::Comm>& comm, const std::string& name) {
  const auto file = gguf::File::open(shared("golden/hf/" + name + "/model-bf16.gguf"));
  const std::vector<int32_t> ids = golden_ids(name);
  const RankRun run = forward_on(comm, *file, "cpu", ids, Type::f32, false);
  check_same_on_all(*comm, run.logits);
  check_distances(distances(run.logits, golden_rows(name), ids.size()), golden_exact, "cpu", name);
  const RankRun exact = forward_on(comm, *file, "cpu", ids, Type::f32, true);
  check_same_on_all(*comm, exact.logits);
  const auto backend = open_backend("cpu", {1, "", 0});
  const std::vector<float> one = forward(*model::load(*file, *backend), *backend, ids, Type::f32);
  CHECK_THAT(std::memcmp(exact.logits.data(), one.data(), one.size() * 4) == 0, exact.division << ": not the bits of one rank");
}

CHECK_CASE("mpi/sums are in the order of ranks, the same bits on all, whoever comes first") {
  on_world([](const auto& comm) { check_sums(*comm); });
}

CHECK_CASE("mpi/gathers and broadcasts of any length") {
  on_world([](const auto& comm) { check_gathers(*comm); });
}

CHECK_GENERATOR() {
  for (const std::string name : golden_folders)
    cases().push_back({"mpi/" + name + " within tolerance, and in exact mode the bits of one rank",
                       [=] { on_world([&](const auto& comm) { golden_on_world(comm, name); }); }});
}

CHECK_CASE("mpi/an engine: the same bits each time, and in exact mode those of one rank") { on_world(check_engine); }

}  // namespace
}  // namespace lt::check
