#include "tests/fuzz/plan/plan_fuzz.h"

#include "partition/verify/verify_plan.h"
#include "protocol/base/check.h"

namespace soliton {
namespace {

// Trying all assignments of more operators takes longer than is good for a fuzzer.
constexpr std::size_t kMostOperators = 8;

void must_have_places(const Diagnostics& problems) {
  SOLITON_CHECK(!problems.errors.empty());
  for (const Error& error : problems.errors)
    SOLITON_CHECK_MSG(error.message.starts_with("f"), "{}", error.message);
}

}  // namespace

void fuzz_plan(const std::string& text) {
  const Checked<priced::PricedGraph> graph = priced::read_priced(text, "f");
  if (!graph) must_have_places(graph.error());
  const Checked<verify::StatedPlan> plan = verify::read_plan(text, "f");
  if (!plan) return must_have_places(plan.error());
  const std::size_t operators = plan->planned.graph.operators.size();
  if (operators > kMostOperators && operators <= verify::kBruteOperators) return;
  (void)verify::verify_plan(*plan);
}

}  // namespace soliton
