#include <map>
#include <random>

#include "check/check.h"
#include "engine/pages.h"

namespace {

using lt::engine::Pages;

std::vector<int32_t> tokens(int32_t first) {
  std::vector<int32_t> t(lt::Kv::page_size);
  for (size_t i = 0; i < t.size(); i++) t[i] = first + static_cast<int32_t>(i);
  return t;
}

CHECK_CASE("engine/a published page is shared by who has the same beginning") {
  Pages pages(4);
  const int32_t a = pages.publish(pages.take(), Pages::root, tokens(0));
  const int32_t b = pages.publish(pages.take(), pages.prefix(a), tokens(64));
  CHECK(pages.share(Pages::root, tokens(0)) == a);
  CHECK(pages.share(pages.prefix(a), tokens(64)) == b);
  CHECK(pages.share(Pages::root, tokens(64)) == Pages::none);  // the same tokens after others
  CHECK(pages.share(Pages::root, tokens(1)) == Pages::none);
}

CHECK_CASE("engine/a twin is held instead of the page published late") {
  Pages pages(4);
  const int32_t a = pages.publish(pages.take(), Pages::root, tokens(0));
  const int32_t late = pages.take();
  CHECK(pages.available() == 2);
  CHECK(pages.publish(late, Pages::root, tokens(0)) == a);
  CHECK(pages.available() == 3);
}

CHECK_CASE("engine/pages that nobody holds are taken, longest unused first") {
  Pages pages(3);
  std::vector<int32_t> own;
  for (int32_t i = 0; i < 3; i++) own.push_back(pages.publish(pages.take(), Pages::root, tokens(i)));
  CHECK(pages.take() == Pages::none);
  for (const int32_t i : {1, 0, 2}) pages.give_back(own[static_cast<size_t>(i)]);
  CHECK(pages.available() == 3);
  CHECK(pages.share(Pages::root, tokens(1)) == own[1]);  // used again
  CHECK(pages.take() == own[0]);
  CHECK(pages.share(Pages::root, tokens(0)) == Pages::none);
  CHECK(pages.share(Pages::root, tokens(2)) == own[2]);
  CHECK(pages.take() == Pages::none);
}

CHECK_CASE("engine/pages keep account of every page under random use") {
  Pages pages(20);
  std::mt19937 random(3);
  std::vector<int32_t> held;
  std::map<int32_t, int> holders;
  for (int i = 0; i < 20000; i++) {
    int32_t got = Pages::none;
    switch (random() % 3) {
      case 0:
        got = pages.take();
        break;
      case 1:
        got = pages.share(Pages::root, tokens(static_cast<int32_t>(random() % 30)));
        break;
      default:
        if (held.empty()) break;
        std::swap(held[random() % held.size()], held.back());
        const int32_t page = held.back();
        held.pop_back();
        holders[page]--;
        if (pages.prefix(page) == Pages::root && holders[page] == 0 && random() % 2) {
          got = pages.publish(page, Pages::root, tokens(static_cast<int32_t>(random() % 30)));
        } else {
          pages.give_back(page);
        }
    }
    if (got != Pages::none) {
      held.push_back(got);
      holders[got]++;
    }
    int64_t in_use = 0;
    for (const auto& [page, n] : holders) in_use += n > 0;
    CHECK(pages.available() == pages.count() - in_use);
  }
}

}  // namespace
