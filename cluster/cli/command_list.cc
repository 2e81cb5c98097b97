// soliton list: what is built in.
#include <fmt/format.h>

#include <algorithm>
#include <sstream>

#include "cluster/cli/commands.h"
#include "cluster/cli/environment.h"
#include "cluster/cli/output.h"
#include "cluster/file/listing.h"
#include "partition/ir/operator.h"
#include "protocol/json/json.h"

namespace soliton {
namespace {

// "name  what it is" lines as objects.
std::string lines_as_json(const std::string& text) {
  Json out = Json::array();
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) {
    const std::size_t gap = line.find(' ');
    const std::size_t rest = line.find_first_not_of(' ', gap);
    if (!line.empty())
      out.push_back({{"name", line.substr(0, gap)},
                     {"text", rest == std::string::npos ? "" : line.substr(rest)}});
  }
  return json_text(out, JsonLayout::kIndented) + "\n";
}

// Operators of models, by name; what a CPU part runs.
std::string list_operators() {
  std::string out;
  for (const ir::Operator* op : ir::operators()) out += fmt::format("{}\n", op->name);
  return out;
}

// Something that can be listed, in lines "name  what it is".
struct Listing {
  const char* name;
  Checked<std::string> (*text)();
};

constexpr Listing kListings[] = {
    {"devices", [] { return list_devices(data_root(), false); }},
    {"topologies", [] { return list_topologies(data_root()); }},
    {"configs", [] { return list_configs(data_root()); }},
    {"formats", []() -> Checked<std::string> { return list_formats(); }},
    {"functions", []() -> Checked<std::string> { return list_functions(); }},
    {"workloads", []() -> Checked<std::string> { return list_workloads(); }},
    {"operators", []() -> Checked<std::string> { return list_operators(); }},
    {"faults", []() -> Checked<std::string> { return list_faults(); }},
};

int list(const CommandLine& line) {
  const std::string& what = line.inputs.front();
  // JSON has every figure of a device, the table only some.
  const bool figures = line.json && what == "devices";
  const auto listing =
      std::ranges::find_if(kListings, [&](const Listing& it) { return what == it.name; });
  const Checked<std::string> text = figures ? list_devices(data_root(), true) : listing->text();
  if (!text) return report_errors(text.error());
  return printed(print_lines(line.json && !figures ? lines_as_json(*text) : *text));
}

RunCommand define(OptionSet& options, CommandLine&) {
  OptionSet::Words words;
  for (const Listing& listing : kListings) words.emplace_back(listing.name);
  options.input_word("what", fmt::format("{}", fmt::join(words, " | ")).c_str(), words);
  return list;
}

}  // namespace

const CliCommand kListCommand = {.name = "list",
                                 .what =
                                     "What is built in: devices, topologies, configs, formats, "
                                     "functions, workloads, operators or faults, one line each",
                                 .example = "soliton list devices",
                                 .define = define};

}  // namespace soliton
