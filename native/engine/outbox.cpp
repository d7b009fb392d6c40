#include "engine/outbox.h"

#include <utility>
#include <vector>

#include "engine/current_error.h"

namespace lt::engine {

template <class F>
void Outbox::for_each(F f) const {
  for (const auto& s : ended_) f(*s);
  scheduler_.for_each(f);
}

size_t Outbox::deliver() noexcept {
  settle();
  if (!deliver_together()) {
    settle();  // a request that failed there ends, and is not run on once its report is told
    for_each([this](Sequence& s) {
      if (s.has_news()) deliver_alone(s);
    });
    settle();
    for_each([this](Sequence& s) {
      if (s.has_news()) deliver_alone(s);  // that it failed
    });
  }
  size_t gone = 0;
  for (auto s = ended_.begin(); s != ended_.end();) {
    const bool told = !(*s)->finished();
    s = told ? ended_.erase(s) : std::next(s);
    gone += told;
  }
  return gone;
}

// False: what could not be delivered is where it was, or its request has failed where the sink kept it and threw all the same.
bool Outbox::deliver_together() noexcept {
  size_t count = 0;
  for_each([&](const Sequence& s) { count += s.has_news(); });
  if (count == 0) return true;
  std::vector<Report> reports;
  try {
    reports.reserve(count);
    for_each([&](Sequence& s) {
      if (s.has_news()) reports.push_back(s.report());
    });
    sink_(std::move(reports));
    for_each([](Sequence& s) { s.delivered(); });
    return true;
  } catch (...) {
    const Error error = current_error();
    for_each([&](Sequence& s) {
      for (Report& r : reports)
        if (s.on_its_way() && r.request == s.id) s.put_back(std::move(r));
      if (s.on_its_way()) s.fail(error);
    });
  }
  return false;
}

void Outbox::deliver_alone(Sequence& s) noexcept {
  std::vector<Report> one;
  try {
    one.reserve(1);
    one.push_back(s.report());
    sink_(std::move(one));
    s.delivered();
  } catch (...) {
    s.fail(current_error());
  }
}

}  // namespace lt::engine
