// Parts of a sweep: which one a process plays, by option or by what schedulers say, and scripts that have
// them played.
#pragma once

#include <cstddef>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "cluster/experiment/sweep.h"
#include "protocol/base/result.h"

namespace soliton {

// The value of an environment variable; nullptr: it is not set.
using Environment = std::function<const char*(const char* name)>;

// `text` is "I/N", "/N" with I by the environment, or "" with both: then nullopt if no scheduler has
// divided the job. I counts from 0. kInvalid.
Result<std::optional<SweepPart>> sweep_part(const std::string& text,
                                            const Environment& environment);

struct EmittedSweep {
  std::string name;                  // of the experiment
  std::string program;               // path
  std::string file, folder;          // absolute
  std::vector<std::string> options;  // that every part gets
  std::size_t parts = 1;
  std::string image = "soliton";  // of containers
};
// A script for sbatch, which bash runs as well, a part for each value of SLURM_ARRAY_TASK_ID.
std::string slurm_script(const EmittedSweep& sweep);
// A command a line, for GNU parallel, xargs or sh.
std::string parallel_commands(const EmittedSweep& sweep);

// `text` as one word of a shell.
std::string shell_word(const std::string& text);

}  // namespace soliton
