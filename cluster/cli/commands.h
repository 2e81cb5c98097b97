// The commands of `soliton`, each from its options to its exit status.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>

#include "cluster/cli/options.h"

namespace soliton {

int command_run(const CommandLine& line);
int command_plan(const CommandLine& line);
int command_check(const CommandLine& line);
int command_list(const CommandLine& line);
int command_sweep(const CommandLine& line);
int command_bench(const CommandLine& line);
int command_quantize(const CommandLine& line);
int command_isa(const CommandLine& line);

// -v: what a command read and found, to standard error; twice: every file.
struct PreparedRun;
void say_prepared(const CommandLine& line, const PreparedRun& run);

// Points of an experiment have no folder to save outputs to.
Diagnostics refuse_saved_outputs(const ClusterSpec& spec);

// Prints every error, one a line, to standard error; the status of the first.
int report_errors(const Diagnostics& diagnostics);
int report_error(const Error& error);

// Indented, for standard output: pure ASCII, so that no terminal is driven by what it quotes.
std::string json_text(const nlohmann::ordered_json& json);

}  // namespace soliton
