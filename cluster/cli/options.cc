#include "cluster/cli/options.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <functional>

#include "protocol/base/message.h"
#include "protocol/base/result.h"

namespace soliton {
namespace {

constexpr int kUsage = 2;

struct Spec {
  const char* name;
  const char* what;
  const char* example;
  bool takes_cluster;  // the options that change a cluster file
};

constexpr Spec kCommands[] = {
    {"run",
     "Partitions the model, launches the cluster, drives the workload, checks outputs, writes the "
     "run folder",
     "soliton run configs/quickstart.yaml --set workload.requests=100 --time wall", true},
    {"plan",
     "Partitions only: where each shard goes, memory per node, what crosses the network, predicted "
     "latency",
     "soliton plan configs/quickstart.yaml --set partition.max_nodes=4", true},
    {"check",
     "Says what run would refuse: every error as file:line:column, all of them at once; also for "
     "experiments, devices and topologies",
     "soliton check configs/*.yaml", true},
    {"sweep",
     "Runs the points of an experiment, keeps finished ones, makes a table, a CSV file and a page "
     "of curves",
     "soliton sweep configs/experiments/strong-scaling.yaml --out runs/scaling", true},
    {"list",
     "What is built in: devices, topologies, configs, formats, workloads or faults, one line each",
     "soliton list devices", false},
    {"isa",
     "Assembles and checks an NPU program (docs/isa.md), or disassembles words: instructions, "
     "memory, trace",
     "soliton isa configs/programs/lstm.npu --trace --steps 3", false},
    {"bench",
     "Measures this machine: launch (processes up and down, idle cost, size of a node), npu "
     "(arithmetic beside libraries and the memory's limit) or ltl (round trips and streams beside "
     "sockets and messaging libraries)",
     "soliton bench npu --json", false},
    {"quantize",
     "What a number format makes of float32 values: lines of 8 hexadecimal digits a value without "
     "separators in, a line `exponents,values` out for each",
     "printf '3f8000003e99999a\\n' | soliton quantize msfp12 --round nearest", false},
};

void add_common(CLI::App& command, CommandLine& line, bool takes_cluster) {
  command.add_flag("--json", line.json, "results on standard output, nothing else there");
  command.add_flag("--quiet,-q", line.quiet, "errors only");
  command.add_flag("-v", line.verbosity,
                   "says on standard error what is read and found; twice: every file");
  if (!takes_cluster) return;
  command.add_option("--set", line.set, "overrides a key of the file, a.b[2].c=VALUE; repeatable")
      ->type_name("KEY=VALUE")
      ->take_all()
      ->allow_extra_args(false);
  command.add_option("--seed", line.seed, "seed of all chance and of synthetic weights")
      ->type_name("N");
  command.add_option("--time", line.time, "virtual | wall")
      ->check(CLI::IsMember({"virtual", "wall"}));
  command.add_option("--processes", line.processes, "per-node | packed (virtual time)")
      ->check(CLI::IsMember({"per-node", "packed"}));
  command.add_option("--engine", line.engine, "local: node processes on this machine")
      ->check([](const std::string& engine) {
        return engine == "local"
                   ? ""
                   : "this version starts node processes on this machine only, not \"" + engine +
                         "\"; allowed: local";
      });
}

// Options of the format on the command line, over those of its descriptor.
void add_quantize(CLI::App& command, CommandLine& line) {
  command
      .add_option("format", line.format,
                  "a name (soliton list formats), or a descriptor such as e0m4,block=16,scale=8")
      ->required();
  command.add_option("file", line.inputs, "lines to read; standard input when left out or -")
      ->expected(0, 1);
  const auto option = [&](const char* key, const char* type, const char* what) {
    command
        .add_option_function<std::string>(
            std::string("--") + key,
            [&line, key](const std::string& value) {
              line.format_options.push_back(std::string(key) + "=" + value);
            },
            what)
        ->type_name(type);
  };
  option("block", "N", "values that share a scale, or native: a whole line");
  option("round", "MODE", "even | nearest | floor | dither");
  option("scale", "BITS", "2 to 8 bits of shared exponent, float or none");
  option("overflow", "RULE", "poison | saturate");
  option("flush", "no|yes", "blocks of subnormals become zero");
  option("seed", "N", "of --round dither");
}

void add_isa(CLI::App& command, CommandLine& line) {
  command
      .add_option("file", line.inputs,
                  "a .npu program, or its words: eight hexadecimal digits each")
      ->required();
  command.add_flag("--words", line.words, "only the instruction words, one a line");
  command.add_flag("--trace", line.trace,
                   "runs the program on one NPU with random messages: every chain as it is issued, "
                   "and what came out");
  command.add_option("--steps", line.steps, "steps of the traced request (default 1)")
      ->check(CLI::Range(1, 1'000'000))
      ->type_name("N");
  command.add_option("--seed", line.seed, "seed of the messages (default 1)")->type_name("N");
  const auto port = [&](const char* name, std::vector<std::string>& out, const char* what) {
    command.add_option(name, out, what)
        ->type_name("PORT=FILE.npy")
        ->take_all()
        ->allow_extra_args(false);
  };
  port("--input", line.port_inputs,
       "messages of an input port, a row each, in place of random ones; implies --trace");
  port("--output", line.port_outputs,
       "where the messages of an output port go, a row each; implies --trace");
}

void add_bench(CLI::App& command, CommandLine& line) {
  command.add_option("what", line.inputs, "launch | npu | ltl")
      ->required()
      ->expected(1)
      ->check(CLI::IsMember({"launch", "npu", "ltl"}));
  command.add_flag("--long", line.more_peers,
                   "ltl: beside gRPC, nng, libfabric and Cap'n Proto RPC as well");
}

void add_check(CLI::App& command, CommandLine& line) {
  command.add_flag("--expand", line.expand, "print the file with all defaults filled in");
  command.add_flag("--no-plan", line.no_plan,
                   "leave out whether the model fits: no plan is searched for");
}

// Of the commands that leave files behind.
void add_out(CLI::App& command, CommandLine& line, const std::string& name) {
  const char* what = name == "run"     ? "folder to write (default runs/NAME-STAMP)"
                     : name == "sweep" ? "folder to write (default runs/NAME)"
                     : name == "plan"  ? "folder to write plan.json, plan.txt, plan.svg and "
                                         "cluster.yaml to (default none)"
                                       : nullptr;
  if (what != nullptr) command.add_option("--out", line.out, what)->type_name("DIR");
}

void add_inputs(CLI::App& command, CommandLine& line, const std::string& name) {
  if (name == "list")
    command
        .add_option("what", line.inputs,
                    "devices | topologies | configs | formats | workloads | faults")
        ->required()
        ->expected(1)
        ->check(
            CLI::IsMember({"devices", "topologies", "configs", "formats", "workloads", "faults"}));
  else if (name == "bench")
    add_bench(command, line);
  else if (name == "quantize")
    add_quantize(command, line);
  else if (name == "isa")
    add_isa(command, line);
  else if (name == "check")
    command.add_option("files", line.inputs, "cluster, experiment, device or topology files")
        ->required();
  else
    command.add_option("file", line.inputs, name == "sweep" ? "experiment file" : "cluster file")
        ->required();
  if (name == "check") add_check(command, line);
}

std::string nearest(const std::string& word, const std::vector<std::string>& known) {
  const std::string near = nearest_name(word, known);
  return near.empty() ? "" : fmt::format("; did you mean \"{}\"?", near);
}

std::vector<std::string> option_names(const CLI::App& command) {
  std::vector<std::string> names;
  for (const CLI::Option* option : command.get_options())
    for (const std::string& name : option->get_lnames()) names.push_back("--" + name);
  return names;
}

// What is wrong with a command line, with the nearest name for a word that is not known.
std::string explain(const CLI::App& app, const CLI::ParseError& error) {
  const std::vector<std::string> extras = app.remaining(true);
  if (app.get_subcommands().empty()) {
    std::vector<std::string> names;
    for (const Spec& spec : kCommands) names.emplace_back(spec.name);
    if (extras.empty()) return fmt::format("soliton: needs a command: {}", fmt::join(names, ", "));
    if (!extras.front().starts_with('-'))
      return fmt::format("soliton: no command \"{}\"{} (soliton --help)", extras.front(),
                         nearest(extras.front(), names));
    return fmt::format("soliton: no option \"{}\"{} (soliton --help)", extras.front(),
                       nearest(extras.front(), option_names(app)));
  }
  const CLI::App& command = *app.get_subcommands().front();
  const std::string name = "soliton " + command.get_name();
  const auto option = std::find_if(extras.begin(), extras.end(),
                                   [](const std::string& it) { return it.starts_with('-'); });
  if (option != extras.end()) {
    const std::string word = option->substr(0, option->find('='));
    return fmt::format("{}: no option \"{}\"{} ({} --help)", name, word,
                       nearest(word, option_names(command)), name);
  }
  if (!extras.empty())
    return fmt::format("{}: one argument too many: \"{}\" ({} --help)", name, extras.front(), name);
  return fmt::format("{}: {} ({} --help)", name, error.what(), name);
}

}  // namespace

tl::expected<CommandLine, int> parse_command_line(int argc, char** argv) {
  CommandLine line;
  CLI::App app("Soliton: clusters of emulated network-attached FPGAs, on a laptop", "soliton");
  app.set_version_flag("--version", "soliton 0.1.0");
  app.require_subcommand(1);
  app.footer("Start: soliton run configs/quickstart.yaml");
  for (const Spec& spec : kCommands) {
    CLI::App* command = app.add_subcommand(spec.name, spec.what);
    command->footer(fmt::format("Example:\n  {}", spec.example));
    add_inputs(*command, line, spec.name);
    add_common(*command, line, spec.takes_cluster);
    add_out(*command, line, spec.name);
  }
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    if (error.get_exit_code() == 0) return tl::unexpected<int>(app.exit(error));
    message("{}\n", explain(app, error));
    return tl::unexpected<int>(kUsage);
  }
  line.command = app.get_subcommands().front()->get_name();
  if (line.inputs.size() > 1 && line.command != "check") {
    message("soliton {0}: one argument too many: \"{1}\" (soliton {0} --help)\n", line.command,
            line.inputs[1]);
    return tl::unexpected<int>(kUsage);
  }
  return line;
}

Overrides overrides_of(const CommandLine& line) {
  Overrides overrides = line.set;
  if (line.seed) overrides.push_back(fmt::format("seed={}", *line.seed));
  if (!line.time.empty()) overrides.push_back("time=" + line.time);
  if (!line.processes.empty()) overrides.push_back("processes=" + line.processes);
  return overrides;
}

}  // namespace soliton
