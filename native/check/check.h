// Checks without Node: CHECK_CASE registers one, CHECK and CHECK_THROWS fail it. Names read "room/what it shows".
#pragma once
#include <algorithm>
#include <cstring>
#include <functional>
#include <sstream>
#include <stdexcept>
#include <string>
#include <vector>

#include "core/error.h"

namespace lt::check {

struct Case {
  std::string name;
  std::function<void()> run;
};

inline std::vector<Case>& cases() {
  static std::vector<Case> all;
  return all;
}

struct Register {
  Register(std::string name, std::function<void()> run) { cases().push_back({std::move(name), std::move(run)}); }
};

// Functions that add cases when the program starts, for cases that depend on what is compiled in.
inline std::vector<void (*)()>& generators() {
  static std::vector<void (*)()> all;
  return all;
}

// Thrown by a case that cannot run here: counted as skipped, with its reason.
struct Skip {
  std::string reason;
};

[[noreturn]] inline void fail(const char* file, int line, const std::string& what) {
  std::ostringstream s;
  s << file << ":" << line << ": " << what;
  throw std::runtime_error(s.str());
}

inline bool same_bits(const std::vector<float>& a, const std::vector<float>& b) {
  return a.size() == b.size() &&
         std::equal(a.begin(), a.end(), b.begin(), [](float x, float y) { return std::memcmp(&x, &y, sizeof x) == 0; });
}

// Folder with the shared test data ($LLAMA_TS_SHARED, else ../shared beside the repository); throws Skip where absent.
std::string shared(const std::string& path);
std::string read_file(const std::string& path);

}  // namespace lt::check

#define LT_CHECK_JOIN2(a, b) a##b
#define LT_CHECK_JOIN(a, b) LT_CHECK_JOIN2(a, b)
#define CHECK_CASE(name) LT_CHECK_CASE(name, __COUNTER__)
#define LT_CHECK_CASE(name, number)                                                                                    \
  static void LT_CHECK_JOIN(check_case_, number)();                                                                    \
  static const ::lt::check::Register LT_CHECK_JOIN(check_register_, number)(name, LT_CHECK_JOIN(check_case_, number)); \
  static void LT_CHECK_JOIN(check_case_, number)()
#define CHECK_GENERATOR() LT_CHECK_GENERATOR(__COUNTER__)
#define LT_CHECK_GENERATOR(number)                                                         \
  static void LT_CHECK_JOIN(check_generate_, number)();                                    \
  static const bool LT_CHECK_JOIN(check_generator_, number) =                              \
      (::lt::check::generators().push_back(LT_CHECK_JOIN(check_generate_, number)), true); \
  static void LT_CHECK_JOIN(check_generate_, number)()
#define CHECK(condition)                                                 \
  do {                                                                   \
    if (!(condition)) ::lt::check::fail(__FILE__, __LINE__, #condition); \
  } while (0)
#define CHECK_THAT(condition, message)                           \
  do {                                                           \
    if (!(condition)) {                                          \
      std::ostringstream check_stream;                           \
      check_stream << message;                                   \
      ::lt::check::fail(__FILE__, __LINE__, check_stream.str()); \
    }                                                            \
  } while (0)
#define CHECK_THROWS(expression, expected)                                                                                 \
  do {                                                                                                                     \
    bool check_thrown = false;                                                                                             \
    try {                                                                                                                  \
      (void)(expression);                                                                                                  \
    } catch (const ::lt::Error& e) {                                                                                       \
      check_thrown = true;                                                                                                 \
      if (e.code() != (expected))                                                                                          \
        ::lt::check::fail(__FILE__, __LINE__, std::string(#expression " threw ") + code_name(e.code()) + ": " + e.what()); \
    }                                                                                                                      \
    if (!check_thrown) ::lt::check::fail(__FILE__, __LINE__, #expression " threw nothing");                                \
  } while (0)
