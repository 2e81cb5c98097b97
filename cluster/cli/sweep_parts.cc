#include "cluster/cli/sweep_parts.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <string_view>

namespace soliton {
namespace {

constexpr std::size_t kPartsMost = 100'000;

std::optional<std::size_t> number(std::string_view text) {
  std::size_t out = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), out);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return out;
}

std::optional<std::size_t> number_in(const Environment& environment, const char* name) {
  const char* const value = environment(name);
  return value == nullptr ? std::nullopt : number(value);
}

// What a scheduler says of this process: which of how many, as far as it says so.
struct Place {
  const char* name = "";  // of the variable
  std::size_t index = 0;
  std::size_t first = 0, step = 1;  // indices of all: first, first + step, ...
  std::optional<std::size_t> count;
};

std::optional<Place> place_in(const Environment& environment) {
  if (const auto id = number_in(environment, "SLURM_ARRAY_TASK_ID"))
    return Place{
        "SLURM_ARRAY_TASK_ID", *id, number_in(environment, "SLURM_ARRAY_TASK_MIN").value_or(0),
        std::max<std::size_t>(1, number_in(environment, "SLURM_ARRAY_TASK_STEP").value_or(1)),
        number_in(environment, "SLURM_ARRAY_TASK_COUNT")};
  if (const auto rank = number_in(environment, "OMPI_COMM_WORLD_RANK"))
    return Place{"OMPI_COMM_WORLD_RANK", *rank, 0, 1,
                 number_in(environment, "OMPI_COMM_WORLD_SIZE")};
  if (const auto index = number_in(environment, "JOB_COMPLETION_INDEX"))
    return Place{"JOB_COMPLETION_INDEX", *index, 0, 1, std::nullopt};
  return std::nullopt;
}

Result<std::optional<SweepPart>> checked(std::size_t index, std::size_t count,
                                         const std::string& said) {
  if (count == 0 || count > kPartsMost)
    return invalid(fmt::format("{}: there are 1 to {} parts", said, kPartsMost));
  if (index >= count)
    return invalid(fmt::format("{}: of {} parts the last one is {}, as they count from 0", said,
                               count, count - 1));
  return SweepPart{index, count};
}

// Of an array whose numbers have other gaps than its step, nobody knows which part is which.
Result<std::optional<SweepPart>> by_scheduler(const Place& place) {
  const bool on_grid = place.index >= place.first && (place.index - place.first) % place.step == 0;
  const std::size_t index = on_grid ? (place.index - place.first) / place.step : *place.count;
  if (index >= *place.count)
    return invalid(fmt::format(
        "{}={}: its array is not numbered evenly; say which part this is with --part I/N",
        place.name, place.index));
  return SweepPart{index, *place.count};
}

std::string command_of(const EmittedSweep& sweep, const std::string& part) {
  std::string out = fmt::format("{} sweep {} --out {}", shell_word(sweep.program),
                                shell_word(sweep.file), shell_word(sweep.folder));
  for (const std::string& option : sweep.options) out += " " + shell_word(option);
  return out + " " + part;
}

// Letters that every scheduler takes in a name.
std::string job_name(const std::string& name) {
  std::string out = "soliton-" + name;
  for (char& c : out)
    if (std::string_view("abcdefghijklmnopqrstuvwxyz0123456789.-").find(c) ==
        std::string_view::npos)
      c = '-';
  return out;
}

}  // namespace

std::string shell_word(const std::string& text) {
  const auto plain = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           std::string_view("/._-=+:,@%").find(c) != std::string_view::npos;
  };
  if (!text.empty() && std::ranges::all_of(text, plain)) return text;
  std::string out = "'";
  for (const char c : text) out += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return out + "'";
}

Result<std::optional<SweepPart>> sweep_part(const std::string& text,
                                            const Environment& environment) {
  const std::optional<Place> place = place_in(environment);
  if (text.empty()) {
    if (!place || place->count.value_or(1) < 2) return std::optional<SweepPart>();
    return by_scheduler(*place);
  }
  const std::size_t slash = text.find('/');
  const std::optional<std::size_t> count =
      slash == std::string::npos ? std::nullopt : number(std::string_view(text).substr(slash + 1));
  const std::optional<std::size_t> index = number(std::string_view(text).substr(0, slash));
  if (!count || (!index && slash != 0))
    return invalid(fmt::format(
        "--part {}: a part is I/N, the part I of N counted from 0, as 0/4; or /N with I by "
        "SLURM_ARRAY_TASK_ID, OMPI_COMM_WORLD_RANK or JOB_COMPLETION_INDEX",
        text));
  if (index) return checked(*index, *count, "--part " + text);
  if (!place)
    return invalid(fmt::format(
        "--part {}: none of SLURM_ARRAY_TASK_ID, OMPI_COMM_WORLD_RANK and JOB_COMPLETION_INDEX "
        "says which part this is; write I/N",
        text));
  return checked(place->index, *count, fmt::format("{}={}", place->name, place->index));
}

std::string slurm_script(const EmittedSweep& sweep) {
  return fmt::format(
      "#!/bin/bash\n"
      "#SBATCH --job-name={0}\n"
      "#SBATCH --array=0-{1}\n"
      "#SBATCH --ntasks=1\n"
      "#SBATCH --cpus-per-task=1\n"
      "#SBATCH --requeue\n"
      "#SBATCH --open-mode=append\n"
      "# Submit it with sbatch. When all parts have ended, or to look at what there is so far:\n"
      "#   {2}\n"
      "# A part that was killed or requeued keeps the points that it has finished.\n"
      "exec {3}\n",
      job_name(sweep.name), sweep.parts - 1, command_of(sweep, "--collect"),
      command_of(
          sweep,
          fmt::format(
              "--jobs \"${{SLURM_CPUS_PER_TASK:-1}}\" --part \"${{SLURM_ARRAY_TASK_ID:-0}}/{}\"",
              sweep.parts)));
}

std::string parallel_commands(const EmittedSweep& sweep) {
  std::string out;
  for (std::size_t i = 0; i < sweep.parts; ++i)
    out += command_of(sweep, fmt::format("--jobs 1 --part {}/{}", i, sweep.parts)) + "\n";
  return out;
}

}  // namespace soliton
