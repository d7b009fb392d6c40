// llama-ts-check [--list] [--json] [--part=I/N] [FILTER...]: runs the cases whose name contains any FILTER; of N parts, dealt out
// by what they are of, the I-th. Exit code 1 if one fails.
// llama-ts-check --time [-t THREADS] [--isa NAME] [FILTER...]: times the CPU backend's ops instead.
// llama-ts-check --pass FILE [-t THREADS] [ROWS]: times the ops of a forward pass instead.
#include <cstdio>
#include <cstring>
#include <fstream>
#include <iterator>
#include <sstream>

#include "check/check.h"
#include "check/time.h"
#include "comm/world.h"
#include "core/hash.h"

namespace lt::check {

std::string read_file(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  if (!in) throw std::runtime_error("cannot read " + path);
  return {std::istreambuf_iterator<char>(in), {}};
}

std::string shared(const std::string& path) {
  const char* set = std::getenv("LLAMA_TS_SHARED");
  const std::string root = set ? set : LT_SOURCE_DIR "/../shared";
  const std::string whole = root + "/" + path;
  if (!std::ifstream(whole)) throw Skip{"needs the shared test data (" + path + ")"};
  return whole;
}

namespace {

std::string json_string(const std::string& s) {
  std::string out = "\"";
  for (const unsigned char c : s) {
    char buffer[8];
    if (c < 0x20 || c == '"' || c == '\\' || c > 0x7e) {
      std::snprintf(buffer, sizeof buffer, "\\u%04x", c);
      out += buffer;
    } else {
      out += static_cast<char>(c);
    }
  }
  return out + "\"";
}

bool wanted(const std::string& name, int argc, char** argv) {
  bool filtered = false;
  for (int i = 1; i < argc; i++) {
    if (argv[i][0] == '-') continue;
    filtered = true;
    if (name.find(argv[i]) != std::string::npos) return true;
  }
  return !filtered;
}

// What a case of an op is of: its first word and the types in it, without sizes and where it runs. Cases that have these in common want
// the same code of a device, which takes seconds to compile, and the same results of the judge. Others are each by themselves.
std::string kind_of(const std::string& name) {
  if (!name.starts_with("ops/")) return name;
  std::istringstream words(name.substr(0, name.find(" on ")));
  std::string kind, word;
  words >> kind;
  while (words >> word)
    if (word[0] >= 'A' && word[0] <= 'Z') kind += " " + word;
  return kind;
}

// From 1 to `parts`; cases of one kind are of one part.
unsigned part_of(const std::string& name, unsigned parts) {
  const std::string kind = kind_of(name);
  Hash hash;
  hash.add(kind.data(), kind.size());
  return static_cast<unsigned>((hash.value() >> 29) % parts) + 1;  // of the bits those by which two parts take as long
}

struct Outcome {
  const char* state;  // "passed", "failed", "skipped"
  std::string message;
};

Outcome run(const Case& c) {
  try {
    c.run();
    return {"passed", ""};
  } catch (const Skip& s) {
    return {"skipped", s.reason};
  } catch (const Error& e) {
    return {"failed", std::string(code_name(e.code())) + ": " + e.what()};
  } catch (const std::exception& e) {
    return {"failed", e.what()};
  }
}

}  // namespace
}  // namespace lt::check

int main(int argc, char** argv) {
  using namespace lt::check;
  for (const Instead& other : instead())
    if (argc > 1 && std::strcmp(argv[1], other.flag) == 0) return other.run(argc - 1, argv + 1);
  bool list = false, json = false;
  unsigned part = 1, parts = 1;
  for (int i = 1; i < argc; i++) {
    if (argv[i][0] != '-') continue;
    if (std::strcmp(argv[i], "--list") == 0) {
      list = true;
    } else if (std::strcmp(argv[i], "--json") == 0) {
      json = true;
    } else if (std::sscanf(argv[i], "--part=%u/%u", &part, &parts) != 2 || part < 1 || part > parts) {
      std::fprintf(stderr, "expected --list, --json or --part=I/N with I from 1 to N, or first of all --time or --pass; found %s\n",
                   argv[i]);
      return 2;
    }
  }
  for (void (*generate)() : generators()) generate();
  int passed = 0, failed = 0, skipped = 0;
  for (const Case& c : cases()) {
    if (!wanted(c.name, argc, argv) || part_of(c.name, parts) != part) continue;
    if (list) {
      std::printf("%s\n", c.name.c_str());
      continue;
    }
    const Outcome o = run(c);
    passed += o.state[0] == 'p';
    failed += o.state[0] == 'f';
    skipped += o.state[0] == 's';
    if (json) {
      std::printf("{\"name\":%s,\"state\":\"%s\",\"message\":%s}\n", json_string(c.name).c_str(), o.state, json_string(o.message).c_str());
    } else if (o.state[0] == 'f' || (o.state[0] == 's' && lt::comm::rank_here() == 0)) {
      std::printf("%s %s: %s\n", o.state, c.name.c_str(), o.message.c_str());
    }
    std::fflush(stdout);
  }
  if (!list && !json && (failed || lt::comm::rank_here() == 0)) std::printf("%d passed, %d failed, %d skipped\n", passed, failed, skipped);
  if (!list && passed + failed + skipped == 0) {
    std::fprintf(stderr, "no case has a name with any of these in it; --list shows them\n");
    return 1;
  }
  return failed ? 1 : 0;
}
