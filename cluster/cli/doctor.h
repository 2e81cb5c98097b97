// What this machine lacks for runs: one check for each thing that a run needs of the kernel, the
// processor, the network and the file system. What is found is measured here and now, by doing it
// where that is possible; what it means is judged by functions of values.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace soliton {

enum class CheckState : std::uint8_t {
  kGood,
  kNote,   // runs work, but slower, or some kinds of them do not
  kShort,  // runs do not work
};

struct MachineCheck {
  std::string name;
  CheckState state = CheckState::kGood;
  std::string found;   // what is there
  std::string advice;  // what that means, and what would help; "" when it is good
};

struct DoctorOptions {
  std::int64_t nodes = 24;   // node processes that a run may have
  std::string folder = ".";  // in which runs are to be left
  std::string node_program;
  std::string data;  // folder of shipped files
};

// All checks, in the order of the report.
std::vector<MachineCheck> examine_machine(const DoctorOptions& options);

bool lacks_something(const std::vector<MachineCheck>& checks);
// A row for each check.
std::string doctor_text(const std::vector<MachineCheck>& checks);
// {"good": bool, "checks": [{"name", "state", "found", "advice"}]}
std::string doctor_json(const std::vector<MachineCheck>& checks);

// What a control group allows; unset: no limit.
struct GroupLimits {
  std::optional<std::uint64_t> memory_bytes, processes;
  std::optional<double> cores;
};
// Of the group of this process and those above it, the least. `membership` is the text of
// /proc/self/cgroup, `root` where control groups are mounted; both versions of them are read.
GroupLimits group_limits(const std::string& membership, const std::string& root);

// What was found, judged.
MachineCheck judge_descriptors(std::uint64_t most, std::int64_t nodes);
MachineCheck judge_processes(std::optional<std::uint64_t> most, std::int64_t nodes);
MachineCheck judge_cores(std::int64_t usable, std::optional<double> quota);
MachineCheck judge_memory(std::uint64_t available, std::optional<std::uint64_t> limit);
MachineCheck judge_receive_buffer(std::uint64_t most);

// The groups of checks.
std::vector<MachineCheck> examine_installation(const DoctorOptions& options);
std::vector<MachineCheck> examine_limits(const DoctorOptions& options);
std::vector<MachineCheck> examine_kernel();
std::vector<MachineCheck> examine_network();
std::vector<MachineCheck> examine_folder(const DoctorOptions& options);

}  // namespace soliton
