// Every op of core/ops.h through those who hand it on: a wrapper to the same op, fused ones too; a decorator to the primitives of a
// fused one. The ops are called through the lists, so that one that is added is shown here without a word.
#include "check/check.h"
#include "core/decorator.h"
#include "core/wrapper.h"

namespace lt::check {
namespace {

using Heard = std::vector<std::string>;

// Notes the names of what it is asked.
class Listener final : public Backend, public Ops {
 public:
  explicit Listener(Heard& heard) : heard_(heard) {}
  Scratch& scratch() override { return scratch_; }
  using Ops::matmul;
#define LT_NOTE(op, parameters, names) \
  void op parameters override { heard(#op, LT_NAMES names); }
#define LT_NAMES(...) __VA_ARGS__
  LT_PRIMITIVES(LT_NOTE)
  LT_EXCHANGES(LT_NOTE)
  LT_FUSED(LT_NOTE)
#undef LT_NOTE
#undef LT_NAMES

  std::string description() const override { return "listener"; }
  int threads() const override { return 5; }
  bool on_host() const override { return true; }
  Ops& ops() override { return *this; }
  std::optional<uint64_t> free_memory() const override { return 77; }
  std::unique_ptr<Plan> record(std::function<void(Ops&)>) override { return nullptr; }
  Tensor place(Tensor host) override { return host; }
  Tensor alloc(Type, int64_t, int64_t) override { return {}; }
  void write(Tensor, const void*) override { heard_.push_back("write"); }
  void read(void*, Tensor) override { heard_.push_back("read"); }
  size_t reserve(const Needs&) override { return 99; }
  void prepare(const std::function<void(Ops&)>& pass) override { pass(*this); }

 private:
  template <class... Any>
  void heard(const char* op, const Any&...) {
    heard_.push_back(op);
  }
  Heard& heard_;
  Scratch scratch_;
};

class Plain final : public Wrapper {
 public:
  using Wrapper::Wrapper;
};

class Passing final : public Decorator {
 public:
  explicit Passing(Backend& b, Heard& names) : Decorator(b), names_(names) {}

 private:
  void around(const char* op, const std::vector<Tensor>&, const Call& call) override {
    names_.push_back(op);
    call(backend_.ops(), Mirror());
  }
  Heard& names_;
};

Product product;
template <class T>
T any() {
  return T{};
}
template <>
std::span<const Product> any() {
  return {&product, 1};
}

template <class... P>
void call(Ops& ops, void (Ops::*op)(P...)) {
  (ops.*op)(any<std::remove_cvref_t<P>>()...);
}

// Of several forms of a name, the one of the list.
#define LT_CALL(op, parameters, names)                         \
  {                                                            \
    heard.clear();                                             \
    call(ops, static_cast<void(Ops::*) parameters>(&Ops::op)); \
    expect(#op, heard);                                        \
  }

CHECK_CASE("core/a wrapper hands every op on, fused ones fused") {
  Heard heard;
  Plain wrapper(std::make_unique<Listener>(heard));
  Ops& ops = wrapper.ops();
  int count = 0;
  const auto expect = [&](const std::string& op, const Heard& found) {
    CHECK_THAT(found == Heard{op}, op << " was handed on as " << (found.empty() ? "nothing" : found.front()));
    count++;
  };
  LT_PRIMITIVES(LT_CALL)
  LT_EXCHANGES(LT_CALL)
  LT_FUSED(LT_CALL)
  CHECK(count >= 17);
  CHECK(wrapper.threads() == 5 && wrapper.on_host() && *wrapper.free_memory() == 77 && wrapper.reserve({}) == 99);
  // What happens between ranks is not prepared for.
  heard.clear();
  wrapper.prepare([](Ops& o) {
    o.glu({}, {}, {}, {}, {}, {});
    o.all_gather({}, {});
  });
  CHECK(heard == Heard{"glu"});
}

CHECK_CASE("core/a decorator sees every op, and of a fused one its primitives") {
  Heard heard, names;
  Listener backend(heard);
  Passing ops(backend, names);
  const auto same = [&](const std::string& op, const Heard& found) {
    CHECK_THAT(found == Heard{op} && names == found, op << " was handed on as " << (found.empty() ? "nothing" : found.front()));
    names.clear();
  };
  const auto apart = [&](const std::string& op, const Heard& found) {
    CHECK_THAT(names == found && found.size() > 1, op << " was not taken apart");
    for (const std::string& name : found) CHECK(name != op);
    names.clear();
  };
  {
    const auto& expect = same;
    LT_PRIMITIVES(LT_CALL)
    LT_EXCHANGES(LT_CALL)
  }
  const auto& expect = apart;
  LT_FUSED(LT_CALL)
}

}  // namespace
}  // namespace lt::check
