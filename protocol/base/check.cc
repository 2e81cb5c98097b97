#include "protocol/base/check.h"

#include <cstdio>
#include <cstdlib>

#include "protocol/base/message.h"

namespace soliton {
namespace {

std::string& check_context() {
  static std::string context;
  return context;
}

}  // namespace

void set_check_context(std::string context) { check_context() = std::move(context); }

void check_failed(const char* expression, const std::string& detail, const char* file, int line) {
  message("soliton: internal error: {}:{}: {} does not hold{}{}\n", file, line, expression,
          detail.empty() ? "" : ": ", detail);
  if (!check_context().empty()) message("  to repeat it: {}\n", check_context());
  std::fflush(nullptr);
  std::_Exit(70);
}

}  // namespace soliton
