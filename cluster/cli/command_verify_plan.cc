// soliton verify-plan: whether a plan of a priced graph is what it says.
#include <fmt/format.h>

#include "cluster/cli/commands.h"
#include "cluster/cli/output.h"
#include "cluster/yaml/files.h"
#include "partition/verify/verify_plan.h"
#include "protocol/base/message.h"
#include "protocol/json/json.h"

namespace soliton {
namespace {

using verify::StatedPlan;
using verify::Verification;

constexpr std::size_t kPlanBytesLimit = std::size_t{256} << 20;

double in_ms(Duration time) { return static_cast<double>(time.count()) * 1e-9; }

std::string as_json(const Verification& found) {
  Json out{{"agrees", found.difference.empty()}, {"difference", nullptr}, {"best_of_all", nullptr}};
  if (!found.difference.empty()) out["difference"] = found.difference;
  if (found.best_of_all)
    out["best_of_all"] = {{"value_ms", in_ms(*found.best_of_all->value)},
                          {"tried", found.best_of_all->tried}};
  return json_text(out, JsonLayout::kIndented) + "\n";
}

std::string as_text(const StatedPlan& plan, const Verification& found) {
  const priced::Assignment& it = plan.planned.assignment;
  std::string out = fmt::format(
      "{} operators, {} {:.6g} ms, {} ({}): rules, value, gap and verdict agree\n",
      it.places.size(), objective_name(it.objective), in_ms(it.value), it.verdict, it.plan_class);
  if (found.best_of_all)
    out += fmt::format("best of all assignments, {} tried: {:.6g} ms\n", found.best_of_all->tried,
                       in_ms(*found.best_of_all->value));
  return out;
}

int verify_plan_file(const CommandLine& line) {
  const std::string& file = line.inputs.front();
  const std::string name = file == "-" ? "stdin" : file;
  const Result<std::string> text = read_text_file(file, kPlanBytesLimit);
  if (!text) return report_error(text.error());
  const Checked<StatedPlan> plan = verify::read_plan(*text, name);
  if (!plan) return report_errors(plan.error());
  const Verification found = verify::verify_plan(*plan);
  const int status = found.difference.empty() ? 0 : exit_status(ErrorCode::kCheckFailed);
  if (status != 0) message("{}: {}\n", name, found.difference);
  if (line.json) return printed(print_json(as_json(found)), status);
  return line.quiet || status != 0 ? status : printed(print_lines(as_text(*plan, found)));
}

RunCommand define(OptionSet& options, CommandLine&) {
  options.inputs("plan", "plan.json of soliton plan --graph; - is standard input");
  return verify_plan_file;
}

}  // namespace

const CliCommand kVerifyPlanCommand = {
    .name = "verify-plan",
    .what =
        "Checks a plan of soliton plan --graph without the search: rules, value, gap, verdict, and "
        "for small graphs the bound, against all assignments",
    .example = "soliton verify-plan plan.json",
    .define = define};

}  // namespace soliton
