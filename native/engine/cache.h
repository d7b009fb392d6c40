// What the engine keeps of sequences: pages of keys and values, a pool for each group of layers that reach equally far back, and slots
// of states; and which beginnings of texts they are known for.
//
// A beginning is a chain of nodes, each of the 64 tokens of a page (the last may have fewer, the first more: Holding::whole) behind the one
// before. A node knows the
// page of each group and the state behind its tokens, as far as they are still there. What is computed of a page is published under the
// tokens before and in it: a full page when it is full, another when its request ends. A later request takes over the longest beginning
// at whose end all that its next row sees is known: every page within each group's reach, and the state. A published page or state is
// never written; what nobody holds stays findable until its room is needed, longest unused first.
#pragma once
#include <array>
#include <cstdint>
#include <span>
#include <unordered_map>
#include <vector>

#include "core/model.h"

namespace lt::engine {

inline constexpr int64_t page = Kv::page_size;  // tokens

// That a window lies in, which begins and ends within a page.
constexpr int64_t window_pages(int64_t reach) { return (reach + page - 1) / page + 2; }

// Places of whole pages that so many tokens take.
constexpr int64_t whole_pages(int64_t tokens) { return (tokens + page - 1) / page * page; }

struct CacheSize {
  std::vector<int64_t> reach;                // of each group of layers with keys; 0: all
  std::array<int64_t, most_groups> pages{};  // by group
  int64_t states = 0;                        // slots; 0: the model has no states
  int64_t state_every = 1;                   // pages of a prompt behind which its state is kept, beside the last one's
};

class Cache {
  struct Node;

 public:
  using Prefix = uint64_t;
  static constexpr int32_t none = -1;
  // Where the texts of a salt begin: two of different salts share nothing.
  static Prefix root(uint64_t salt) { return salt | uint64_t{1} << 63; }

  struct Kept {
    int64_t end;  // behind so many tokens
    int32_t slot;
  };

  // What one sequence holds.
  struct Holding {
    // whole: so many of its first tokens, full pages, are known all together or not at all, since each of their rows sees all of them.
    explicit Holding(Prefix root, int64_t together = 0) : beginning(root), whole(together), prefix(root) {}
    const Prefix beginning;
    const int64_t whole;
    Prefix prefix;                                        // of its full published pages
    std::array<std::vector<int32_t>, most_groups> pages;  // by group; none: behind the window
    int32_t state = none;                                 // slot of its own
    int32_t reads = none;    // slot that its next row begins with, its own or one that others know; none: zeros
    std::vector<Kept> kept;  // of the step that is computed: states that others will know, ascending by place
    bool in_step = false;    // a step that may write the slot of its own was planned and is not published

   private:
    friend class Cache;
    Node* node = nullptr;                      // of `prefix`; null: the root
    std::array<size_t, most_groups> passed{};  // pages before are behind the window
  };

  // A page to be copied before the holder's next step.
  struct Copy {
    size_t group;
    int32_t from, to;
  };

  explicit Cache(CacheSize size);

  size_t groups() const { return size_.reach.size(); }
  bool has_states() const { return size_.states > 0; }
  int64_t available(size_t group) const { return pools_[group].available(); }
  int64_t reach(size_t group) const { return size_.reach[group]; }

  // Of a sequence whose `computed` tokens, whole pages, are known: takes over the known pages behind them that end before the last token,
  // in place of what it holds there. Returns how many tokens more are known.
  int64_t match(Holding& h, std::span<const int32_t> tokens, int64_t computed);
  // The same of a sequence that has nothing yet, and a part of the page behind, at least `least` tokens or all that is left, which is
  // copied to pages of its own.
  int64_t begin(Holding& h, std::span<const int32_t> tokens, int64_t least, std::vector<Copy>& copies);
  // Pages for places up to `end` in groups that reach back to the first (`whole`) or in all; and a slot. False: there are not enough.
  bool grow(Holding& h, int64_t end, bool whole);
  // Nothing before place `computed` will be asked for but what is within reach of it.
  void passed(Holding& h, int64_t computed) noexcept;
  // The state behind token `end` of a prompt is kept, as far as there is room; so are all pages.
  bool keeps(int64_t end, int64_t prompt) const;
  // Slots for the states behind those of places (first, end] that are worth it, as far as there is room: h.kept. Takes memory.
  void keep_states(Holding& h, int64_t first, int64_t end, int64_t prompt);
  // The same for each of the `count` rows from place `first` on but the last, so that any of them can be the last that holds. Returns for
  // how many there is room. Takes memory.
  int64_t keep_rows(Holding& h, int64_t first, int64_t count);
  // The slot that row `place` writes; none: it keeps its state nowhere.
  static int32_t writes(const Holding& h, int64_t place, bool last);
  // Tokens from place `first` to `end` are computed: full pages and kept states become findable, and the next row reads what the last one
  // wrote. Takes memory; what is done when it throws stays.
  void publish(Holding& h, std::span<const int32_t> tokens, int64_t first, int64_t end);
  // Places from `end` on are not computed after all; they and what keep_rows() kept are not published.
  void cut(Holding& h, int64_t end) noexcept;
  // All of it. `computed` tokens are known of it, of whose last page a part; the last page first, so that of what is kept beginnings go
  // last.
  void give_back(Holding& h, std::span<const int32_t> tokens, int64_t computed) noexcept;
  // What was computed is of no use to others either.
  void withdraw(Holding& h) noexcept;

 private:
  // Pages of a group, or slots of states.
  struct Page {
    int32_t holders = 0;
    Node* node = nullptr;                // that knows it
    int32_t older = none, newer = none;  // neighbours among those that are known and not held
  };
  struct Pool {
    std::vector<Page> pages;
    std::vector<int32_t> free;
    int32_t oldest = none, newest = none;
    int64_t unheld = 0;

    explicit Pool(int64_t count);
    int64_t available() const { return static_cast<int64_t>(free.size()) + unheld; }
    Page& at(int32_t p) { return pages[static_cast<size_t>(p)]; }
    void append(int32_t p) noexcept;
    void remove(int32_t p) noexcept;
  };
  struct Node {
    Prefix id = 0, before = 0;
    Node* parent = nullptr;
    std::vector<int32_t> tokens;
    std::array<int32_t, most_groups + 1> pages;  // by pool
    int64_t children = 0, holders = 0;
    bool findable = true;
  };

  Pool& states() { return pools_.back(); }
  size_t state_pool() const { return pools_.size() - 1; }
  int64_t first_seen(size_t group, int64_t place) const;
  int32_t take(size_t pool) noexcept;
  void hold(size_t pool, int32_t page) noexcept;
  void let_go(size_t pool, int32_t page) noexcept;
  void replace(size_t group, int32_t& held, int32_t by) noexcept;
  void attach(size_t pool, int32_t page, Node& node) noexcept;
  void detach(size_t pool, int32_t page) noexcept;
  void move_to(Holding& h, Node* node) noexcept;
  Node* find(Prefix before, std::span<const int32_t> tokens);
  Node& make(Prefix before, Node* parent, std::span<const int32_t> tokens);
  void hide(Node& node) noexcept;
  void release(Node* node) noexcept;
  bool pages_known(const Holding& h, int64_t computed, const std::array<int64_t, most_groups>& run, int64_t end) const;
  // The node behind `before` whose tokens these begin with and whose state is known, with the most; null: none.
  Node* part_with_state(Prefix before, std::span<const int32_t> tokens);
  int64_t match(Holding& h, std::span<const int32_t> tokens, int64_t computed, bool parts);
  bool copy_page(Holding& h, const Node& from, size_t i, std::vector<Copy>& copies);
  int64_t match_part(Holding& h, std::span<const int32_t> tokens, int64_t computed, int64_t least, std::vector<Copy>& copies);
  bool has_pages(const Node& node) const;
  bool is_worth_keeping(int64_t end, int64_t prompt) const;
  void keep_part(Holding& h, std::span<const int32_t> tokens, int64_t computed, const std::array<int32_t, most_groups>& last) noexcept;
  void know_state(const Holding& h, Node& node) noexcept;
  void publish_page(Holding& h, std::span<const int32_t> tokens, size_t i);
  void read_from(Holding& h, int32_t slot) noexcept;
  void drop_kept(Holding& h) noexcept;

  CacheSize size_;
  std::vector<Pool> pools_;  // a group's each, then that of states
  std::unordered_map<Prefix, Node> nodes_;
  std::unordered_multimap<Prefix, Node*> after_;  // findable nodes by the prefix before them
  std::vector<Node*> found_;
  Prefix next_ = 1;
};

}  // namespace lt::engine
