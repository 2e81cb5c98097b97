// Limits of the process, its control groups and the machine.
#include <fmt/format.h>
#include <sched.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "cluster/cli/doctor.h"
#include "cluster/report/words.h"
#include "protocol/base/quantity.h"

namespace soliton {
namespace {

namespace fs = std::filesystem;

constexpr std::uint64_t kMiB = std::uint64_t{1} << 20;
// A controller with its model and a few nodes; below that a run hardly begins.
constexpr std::uint64_t kMemoryLeast = 128 * kMiB;
constexpr std::uint64_t kMemoryAmple = 1024 * kMiB;

std::string text_of(const fs::path& path) {
  std::ifstream file(path);
  std::string line;
  std::getline(file, line);
  return line;
}

std::optional<std::uint64_t> number_of(const std::string& text) {
  std::uint64_t out = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), out);
  return error == std::errc{} && end != text.data() ? std::optional(out) : std::nullopt;
}

template <typename T>
void lower(std::optional<T>& limit, std::optional<T> other) {
  if (other && (!limit || *other < *limit)) limit = other;
}

// Version 1 spells "no limit" as a number near 2^63.
std::optional<std::uint64_t> memory_of_version_1(const std::string& text) {
  const std::optional<std::uint64_t> bytes = number_of(text);
  return bytes && *bytes < (std::uint64_t{1} << 60) ? bytes : std::nullopt;
}

std::optional<double> share(std::optional<std::uint64_t> quota,
                            std::optional<std::uint64_t> period) {
  if (!quota || !period || *period == 0) return std::nullopt;
  return static_cast<double>(*quota) / static_cast<double>(*period);
}

// The limits of one folder of either version; what a version does not have is not there.
void lower_by(GroupLimits& limits, const fs::path& folder) {
  lower(limits.memory_bytes, number_of(text_of(folder / "memory.max")));
  lower(limits.memory_bytes, memory_of_version_1(text_of(folder / "memory.limit_in_bytes")));
  lower(limits.processes, number_of(text_of(folder / "pids.max")));
  std::istringstream both(text_of(folder / "cpu.max"));
  std::string quota, period;
  both >> quota >> period;
  lower(limits.cores, share(number_of(quota), number_of(period)));
  lower(limits.cores, share(number_of(text_of(folder / "cpu.cfs_quota_us")),
                            number_of(text_of(folder / "cpu.cfs_period_us"))));
}

std::optional<std::uint64_t> available_memory() {
  std::ifstream file("/proc/meminfo");
  for (std::string line; std::getline(file, line);)
    if (line.starts_with("MemAvailable:"))
      if (const auto kib =
              number_of(line.substr(std::min(line.find_first_of("0123456789"), line.size()))))
        return *kib * 1024;
  return std::nullopt;
}

std::int64_t usable_cores() {
  cpu_set_t cores;
  CPU_ZERO(&cores);
  return sched_getaffinity(0, sizeof cores, &cores) == 0 ? CPU_COUNT(&cores)
                                                         : sysconf(_SC_NPROCESSORS_ONLN);
}

std::string spell_bytes(std::uint64_t bytes) {
  return bytes < 10'000 * kMiB
             ? fmt::format("{} MiB", group_thousands(static_cast<std::int64_t>(bytes / kMiB)))
             : fmt::format("{} GiB", bytes / (1024 * kMiB));
}

std::string grouped(std::uint64_t value) {
  return group_thousands(static_cast<std::int64_t>(value));
}

}  // namespace

GroupLimits group_limits(const std::string& membership, const std::string& root) {
  GroupLimits out;
  std::istringstream lines(membership);
  // "ID:CONTROLLERS:PATH"; version 2 has no controllers.
  for (std::string line; std::getline(lines, line);) {
    const std::size_t first = line.find(':');
    const std::size_t second = first == std::string::npos ? first : line.find(':', first + 1);
    if (second == std::string::npos) continue;
    std::istringstream controllers(line.substr(first + 1, second - first - 1));
    std::string controller;
    do {
      controller.clear();
      std::getline(controllers, controller, ',');
      const fs::path mounted = controller.empty() ? fs::path(root) : fs::path(root) / controller;
      fs::path group = fs::path(line.substr(second + 1)).relative_path();
      for (; !group.empty(); group = group.parent_path()) lower_by(out, mounted / group);
      lower_by(out, mounted);
    } while (!controllers.eof() && !controller.empty());
  }
  return out;
}

MachineCheck judge_descriptors(std::uint64_t most, std::int64_t nodes) {
  // As the launcher of node processes counts them (cluster/engine/fleet.cc).
  const std::uint64_t needed = 3 * static_cast<std::uint64_t>(nodes) + 64;
  MachineCheck out{"descriptors", CheckState::kGood,
                   fmt::format("{} open files, {} nodes need {}", grouped(most),
                               grouped(static_cast<std::uint64_t>(nodes)), grouped(needed)),
                   ""};
  if (most < needed) {
    out.state = CheckState::kShort;
    out.advice = "raise the limit (ulimit -Hn), or pack nodes (--processes packed)";
  }
  return out;
}

MachineCheck judge_processes(std::optional<std::uint64_t> most, std::int64_t nodes) {
  const std::uint64_t needed = static_cast<std::uint64_t>(nodes) + 16;
  MachineCheck out{"processes", CheckState::kGood,
                   most ? fmt::format("{} allowed", grouped(*most)) : "no limit", ""};
  if (most && *most < needed) {
    out.state = CheckState::kShort;
    out.advice = fmt::format(
        "{} nodes need {}; raise the limit (ulimit -u, pids.max), or pack nodes (--processes "
        "packed)",
        nodes, needed);
  }
  return out;
}

MachineCheck judge_cores(std::int64_t usable, std::optional<double> quota) {
  MachineCheck out{"cores", CheckState::kGood, fmt::format("{} usable", usable), ""};
  if (quota) out.found += fmt::format(", time of {:.3g} in this control group", *quota);
  if (usable < 2 || (quota && *quota < 2)) {
    out.state = CheckState::kNote;
    out.advice = "runs in wall time measure the scheduler; virtual time does not mind";
  }
  return out;
}

MachineCheck judge_memory(std::uint64_t available, std::optional<std::uint64_t> limit) {
  const std::uint64_t usable = limit ? std::min(available, *limit) : available;
  MachineCheck out{"memory", CheckState::kGood, spell_bytes(available) + " available", ""};
  if (limit) out.found += ", at most " + spell_bytes(*limit) + " in this control group";
  if (usable < kMemoryAmple) {
    out.state = usable < kMemoryLeast ? CheckState::kShort : CheckState::kNote;
    out.advice =
        usable < kMemoryLeast ? "too little for any run" : "large models and many nodes need more";
  }
  return out;
}

std::vector<MachineCheck> examine_limits(const DoctorOptions& options) {
  std::ifstream file("/proc/self/cgroup");
  std::stringstream membership;
  membership << file.rdbuf();
  const GroupLimits group = group_limits(membership.str(), "/sys/fs/cgroup");
  rlimit files{}, processes{};
  getrlimit(RLIMIT_NOFILE, &files);
  getrlimit(RLIMIT_NPROC, &processes);
  std::optional<std::uint64_t> most_processes = group.processes;
  // The kernel does not hold root to it.
  if (processes.rlim_cur != RLIM_INFINITY && geteuid() != 0)
    lower(most_processes, std::optional<std::uint64_t>(processes.rlim_cur));
  std::vector<MachineCheck> out{judge_cores(usable_cores(), group.cores)};
  if (const auto available = available_memory())
    out.push_back(judge_memory(*available, group.memory_bytes));
  out.push_back(judge_descriptors(files.rlim_max, options.nodes));
  out.push_back(judge_processes(most_processes, options.nodes));
  return out;
}

}  // namespace soliton
