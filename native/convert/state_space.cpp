#include "convert/state_space.h"

#include <cmath>
#include <deque>

namespace lt::convert {
namespace {

constexpr int64_t most_columns = 1 << 20, most_heads = 1 << 14;

// Rules hold no names of their own.
std::string_view named(std::string_view before, const char* end) {
  static std::deque<std::string> all;
  return all.emplace_back(std::string(before) + end);
}

void describe_kernel(const Config& config, Description& to, const char* key) {
  const int64_t kernel = config.integer(key, 2, 64, 4);
  to.size("kernel", kernel, key);
  to.integer("ssm.conv_kernel", kernel);
}

// Steps are not clamped: published ranges are all of what softplus gives.
void check_step_limit(const Config& config) {
  std::vector<double> limits;
  for (const json::Member m : config["time_step_limit"]) limits.push_back(m.value.number().value_or(INFINITY));
  if (config.has("time_step_limit") && (limits.size() != 2 || limits[0] != 0 || limits[1] != INFINITY))
    config.unsupported("time_step_limit", "expected all steps from 0 on, which is what GGUF files are run with");
}

Rules common_rules(std::string_view mixer, Held held) {
  return {
      {named(mixer, "in_proj.weight"), "blk.{}.ssm_in.weight", held, {"projected", "width"}},
      {named(mixer, "out_proj.weight"), "blk.{}.ssm_out.weight", held, {"width", "inner"}},
      {named(mixer, "conv1d.weight"),
       "blk.{}.ssm_conv1d.weight",
       held,
       {"channels", "one", "kernel"},
       Change::exact,
       {.becomes = {"channels", "kernel"}}},
      {named(mixer, "conv1d.bias"), "blk.{}.ssm_conv1d.bias", nullptr, {"channels"}},
  };
}

}  // namespace

void describe_mamba(const Config& config, Description& to, const MambaKeys& keys) {
  const bool said = keys.inner && config.has(keys.inner);
  const int64_t inner = said ? config.integer(keys.inner, 1, most_columns) : config.integer(keys.expand, 1, 64, 2) * to.of("width");
  const int64_t state = config.integer(keys.state, 1, most_columns, 16),
                rank = config.integer(keys.rank, 1, most_columns, (to.of("width") + 15) / 16);
  describe_kernel(config, to, keys.kernel);
  to.size("inner", inner, "expand x hidden_size, or intermediate_size,");
  to.size("channels", inner, "expand x hidden_size, or intermediate_size,");
  to.size("projected", 2 * inner, "2 x the inner columns");
  to.size("state", state, keys.state);
  to.size("rank", rank, keys.rank);
  to.size("rates", rank + 2 * state, "the rank of steps + 2 x the size of a state");
  to.integer("ssm.inner_size", inner);
  to.integer("ssm.state_size", state);
  to.integer("ssm.time_step_rank", rank);
}

void describe_mamba2(const Config& config, Description& to, const Mamba2Keys& keys) {
  const int64_t state = config.integer(keys.state, 1, most_columns), groups = config.integer(keys.groups, 1, most_heads);
  const int64_t heads = config.integer(keys.heads, 1, most_heads), inner = heads * config.integer(keys.head, 1, most_columns);
  if (heads % groups)
    config.fail(keys.groups, "expected a divisor of the " + std::to_string(heads) + " heads, found " + std::to_string(groups));
  describe_kernel(config, to, keys.kernel);
  check_step_limit(config);
  to.size("inner", inner, "the number of heads x their columns");
  to.size("channels", inner + 2 * groups * state, "the heads' columns + 2 x the number of groups x the size of a state");
  to.size("projected", 2 * inner + 2 * groups * state + heads,
          "2 x the heads' columns + 2 x the number of groups x the size of a state + the number of heads");
  to.size("state_heads", heads, keys.heads);
  to.size("groups", groups, keys.groups);
  to.size("group", inner / groups, "the heads' columns / the number of groups");
  to.integer("ssm.state_size", state);
  to.integer("ssm.group_count", groups);
  to.integer("ssm.inner_size", inner);
  to.integer("ssm.time_step_rank", heads);
}

Rules mamba_rules(std::string_view mixer, Held held) {
  return joined({common_rules(mixer, held),
                 {{named(mixer, "x_proj.weight"), "blk.{}.ssm_x.weight", held, {"rates", "inner"}},
                  {named(mixer, "dt_proj.weight"), "blk.{}.ssm_dt.weight", held, {"inner", "rank"}},
                  {named(mixer, "dt_proj.bias"), "blk.{}.ssm_dt.bias", held, {"inner"}},
                  {named(mixer, "A_log"), "blk.{}.ssm_a", held, {"inner", "state"}, Change::decay},
                  {named(mixer, "D"), "blk.{}.ssm_d", held, {"inner"}}}});
}

Rules mamba2_rules(std::string_view mixer, Held held, bool normed) {
  const Layout column{.becomes = {"state_heads", "one"}}, by_group{.becomes = {"groups", "group"}};
  return joined({common_rules(mixer, held),
                 {{named(mixer, "dt_bias"), "blk.{}.ssm_dt.bias", held, {"state_heads"}},
                  {named(mixer, "A_log"), "blk.{}.ssm_a", held, {"state_heads"}, Change::decay, column},
                  {named(mixer, "D"), "blk.{}.ssm_d", held, {"state_heads"}, Change::exact, column},
                  {named(mixer, "norm.weight"), "blk.{}.ssm_norm.weight", normed ? held : nullptr, {"inner"}, Change::exact, by_group}}});
}

}  // namespace lt::convert
