#include <fmt/format.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <map>
#include <regex>

#include "tests/unit/conformance/cases.h"

namespace soliton::test {
namespace {

// SOLITON_ONNX_CASES=PART prints the verdict of every case whose name contains PART.
TEST(Conformance, CasesPassOrAreRefusedByName) {
  const std::vector<ConformanceCase> cases = conformance_cases();
  if (cases.empty()) GTEST_SKIP() << "libonnx-testdata is not installed";
  const char* shown = std::getenv("SOLITON_ONNX_CASES");
  std::map<Verdict::Kind, int> count;
  for (const ConformanceCase& c : cases) {
    if (shown != nullptr && c.name.find(shown) == std::string::npos) continue;
    const Verdict verdict = run_case(c);
    ++count[verdict.kind];
    if (shown != nullptr)
      fmt::print("{} {} {}\n",
                 verdict.kind == Verdict::Kind::kPassed    ? "passed "
                 : verdict.kind == Verdict::Kind::kRefused ? "refused"
                                                           : "WRONG  ",
                 c.name, verdict.why);
    EXPECT_TRUE(verdict.kind != Verdict::Kind::kWrong) << c.name << ": " << verdict.why;
    if (verdict.kind == Verdict::Kind::kRefused) {
      EXPECT_TRUE(std::regex_search(
          verdict.why,
          std::regex("not supported|only .* supported|names no version of ONNX's operators")))
          << c.name << ": " << verdict.why;
    }
  }
  fmt::print("{} of {} conformance cases pass, {} are refused\n", count[Verdict::Kind::kPassed],
             cases.size(), count[Verdict::Kind::kRefused]);
  if (shown == nullptr) {
    EXPECT_GE(count[Verdict::Kind::kPassed], 735);
  }
}

}  // namespace
}  // namespace soliton::test
