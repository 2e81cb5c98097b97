#include "cluster/cli/commands.h"
#include "cluster/cli/output.h"
#include "cluster/experiment/compare_results.h"

namespace soliton {
namespace {

int compare(const CommandLine& line) {
  if (line.inputs.size() != 2)
    return report_error({ErrorCode::kInvalid, "compare takes two folders: soliton compare A B"});
  const Result<MeasuredSide> one = measured_in(line.inputs[0]), other = measured_in(line.inputs[1]);
  if (!one) return report_error(one.error());
  if (!other) return report_error(other.error());
  const std::vector<ComparedPoint> points = compare_sides(*one, *other);
  if (line.json) return printed(print_json(comparison_json(*one, *other, points)));
  return printed(print_lines(comparison_text(*one, *other, points)));
}

RunCommand define(OptionSet& options, CommandLine&) {
  options.inputs("folders", "two folders of runs or sweeps, or of several runs each");
  return compare;
}

}  // namespace

const CliCommand kCompareCommand = {
    .name = "compare",
    .what =
        "Puts the numbers of two runs or sweeps side by side; from three seeds a side on says what "
        "is more than noise",
    .example = "soliton compare runs/before runs/after",
    .many_inputs = true,
    .define = define};

}  // namespace soliton
