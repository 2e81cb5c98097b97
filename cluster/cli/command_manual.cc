// soliton manual: pages for man.
#include <algorithm>

#include "cluster/cli/commands.h"
#include "cluster/cli/output.h"
#include "cluster/engine/launcher.h"
#include "protocol/base/suggestion.h"

namespace soliton {
namespace {

RunCommand define(OptionSet& options, CommandLine&) {
  options.optional_input("command", "of which to print the page (default: that of the program)");
  return [](const CommandLine& line) {
    const std::string name = line.inputs.empty() ? "" : line.inputs.front();
    std::vector<std::string> names{""};
    for (const CliCommand* command : kCommands) names.emplace_back(command->name);
    if (std::find(names.begin(), names.end(), name) == names.end())
      return report_error({ErrorCode::kInvalid, "soliton manual: no command \"" + name + "\"" +
                                                    suggestion(name, names)});
    return printed(print_raw(manual_page(kCommands, engine_names(), name)));
  };
}

}  // namespace

const CliCommand kManualCommand = {
    .name = "manual",
    .what = "The page of a command for man, which installed copies have already",
    .example = "soliton manual run | man -l -",
    .define = define};

}  // namespace soliton
