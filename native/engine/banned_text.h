// Strings that a text must not have: its tokens wait while one of the strings may begin in them.
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/stop_text.h"

namespace lt::engine {

class BannedText {
 public:
  explicit BannedText(std::vector<std::string> strings) : fresh_(std::move(strings)), now_(fresh_) {}

  void push(std::string_view bytes);  // of the next token, which waits
  // How many of the tokens that wait, the first ones, no string can begin in, whatever of those behind them is taken back.
  size_t ready() const;
  // Of the tokens that wait, the one in which a string begins that the text has now.
  std::optional<size_t> found() const;
  void pop(size_t tokens);   // they are let go
  void keep(size_t tokens);  // those behind them never were

 private:
  struct Token {
    std::string bytes;
    size_t clear;  // of the text before it, bytes that no string begins in
  };

  void add(Token& token);
  size_t ending_within(size_t bytes) const;

  const StopText fresh_;
  StopText now_;
  std::vector<Token> waiting_;
  size_t before_ = 0;  // bytes of tokens that were let go
  size_t clear_ = 0;   // of the text, bytes that no string begins in
};

}  // namespace lt::engine
