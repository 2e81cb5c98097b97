// soliton doctor: what this machine lacks for runs.
#include "cluster/cli/commands.h"
#include "cluster/cli/doctor.h"
#include "cluster/cli/environment.h"
#include "cluster/cli/output.h"

namespace soliton {
namespace {

constexpr int kShortOfSomething = 7;
constexpr std::int64_t kNodesMost = 100'000;

int examine(const CommandLine& line, std::int64_t nodes) {
  DoctorOptions options;
  options.nodes = nodes;
  if (!line.out.empty()) options.folder = line.out;
  options.node_program = node_program();
  options.data = data_root().path;
  const std::vector<MachineCheck> checks = examine_machine(options);
  const int status = lacks_something(checks) ? kShortOfSomething : 0;
  if (line.json) return printed(print_json(doctor_json(checks)), status);
  return line.quiet ? status : printed(print_lines(doctor_text(checks)), status);
}

RunCommand define(OptionSet& options, CommandLine&) {
  auto nodes = std::make_shared<std::int64_t>(DoctorOptions{}.nodes);
  options.number("--nodes", "N", *nodes, 1, kNodesMost,
                 "node processes that a run is to have (default 24)");
  return [nodes](const CommandLine& line) { return examine(line, *nodes); };
}

}  // namespace

const CliCommand kDoctorCommand = {
    .name = "doctor",
    .what =
        "Says what this machine lacks: a row for each thing that runs need of the kernel, the "
        "processor, the network and the disk",
    .example = "soliton doctor --nodes 200 --out runs",
    .out = "folder in which runs are to be left (default the current one)",
    .define = define};

}  // namespace soliton
