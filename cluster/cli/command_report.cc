// soliton report: the page of a run, made again of the files in its folder.
#include <fmt/format.h>

#include "cluster/cli/commands.h"
#include "cluster/cli/environment.h"
#include "cluster/cli/output.h"
#include "cluster/cli/report_input.h"
#include "cluster/results/write_file.h"
#include "protocol/base/message.h"

namespace soliton {
namespace {

// Each folder for itself; the status is that of the first which has no report.
int report(const CommandLine& line) {
  int status = 0;
  for (const std::string& folder : line.inputs) {
    const Result<ReportInput> input = read_report_input(folder, data_root());
    int made = 0;
    if (!input) {
      made = report_error(input.error());
    } else {
      const std::string file = line.out.empty() ? folder + "/report.html" : line.out;
      const ReportPage page = report_page(*input);
      for (const std::string& sentence : page.missing) message("{}: {}\n", folder, sentence);
      if (const Status written = write_file(file, page.html); !written)
        made = report_error(written.error());
      else if (!line.quiet)
        made = printed(print_lines(fmt::format("wrote     {}\n", file)));
    }
    if (status == 0) status = made;
  }
  return status;
}

RunCommand define(OptionSet& options, CommandLine&) {
  options.inputs("folder", "folders of runs, finished or not");
  return [](const CommandLine& line) {
    if (!line.out.empty() && line.inputs.size() > 1)
      return report_error({ErrorCode::kInvalid,
                           "soliton report: --out names one file, and there are several folders"});
    return report(line);
  };
}

}  // namespace

const CliCommand kReportCommand = {
    .name = "report",
    .what =
        "Makes report.html of a run again, from the files in its folder: also of one that was "
        "killed, is damaged or was written by another version, with what is missing said",
    .example = "soliton report runs/quickstart-20261123-071204",
    .many_inputs = true,
    .out = "file to write (default report.html in the folder)",
    .define = define};

}  // namespace soliton
