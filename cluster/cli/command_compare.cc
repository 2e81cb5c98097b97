// soliton compare: what two runs or sweeps differ in.
#include <memory>

#include "cluster/cli/commands.h"
#include "cluster/cli/output.h"
#include "cluster/experiment/compare_results.h"
#include "cluster/results/write_file.h"

namespace soliton {
namespace {

int compare(const CommandLine& line, const std::string& html) {
  if (line.inputs.size() != 2)
    return report_error({ErrorCode::kInvalid, "compare takes two folders: soliton compare A B"});
  const bool page = !html.empty();
  const Result<MeasuredSide> one = measured_in(line.inputs[0], page),
                             other = measured_in(line.inputs[1], page);
  if (!one) return report_error(one.error());
  if (!other) return report_error(other.error());
  const Result<ComparedSides> found = compare_sides(*one, *other);
  if (!found) return report_error(found.error());
  int status = 0;
  if (page)
    if (const Status written = write_file(html, comparison_page(*found)); !written)
      status = report_error(written.error());
  if (line.json) return printed(print_json(comparison_json(*found)), status);
  if (line.quiet) return status;
  return printed(print_lines(comparison_text(*found)), status);
}

RunCommand define(OptionSet& options, CommandLine&) {
  const auto html = std::make_shared<std::string>();
  options.inputs("folders", "two folders of runs or sweeps, or of several runs each");
  options.text("--html", "FILE", *html,
               "also write a page with both distributions and every figure");
  return [html](const CommandLine& line) { return compare(line, *html); };
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
