#include "cluster/cli/doctor.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>

#include "node/npu/kernels/processor.h"
#include "protocol/json/json.h"

namespace soliton {
namespace {

const char* spell(CheckState state) {
  switch (state) {
    case CheckState::kGood:
      return "good";
    case CheckState::kNote:
      return "note";
    case CheckState::kShort:
      return "short";
  }
  return "";
}

MachineCheck examine_processor() {
  const KernelLevel level = best_kernel_level();
  MachineCheck out{"processor", CheckState::kGood,
                   fmt::format("kernels for {}", kernel_level_name(level)), ""};
  if (level == KernelLevel::kScalar) {
    out.state = CheckState::kNote;
    out.advice =
        "without AVX2, FMA and F16C arithmetic takes many times longer; the bits are the same";
  }
  return out;
}

}  // namespace

std::vector<MachineCheck> examine_installation(const DoctorOptions& options) {
  MachineCheck node{"soliton-node", CheckState::kGood, options.node_program, ""};
  if (access(options.node_program.c_str(), X_OK) != 0) {
    node.state = CheckState::kShort;
    node.advice = "is not there or cannot be started; it belongs beside soliton";
  }
  MachineCheck data{"data files", CheckState::kGood, options.data, ""};
  std::error_code error;
  for (const char* below : {"configs/devices", "topologies"})
    if (!std::filesystem::is_directory(options.data + "/" + below, error)) {
      data.state = CheckState::kShort;
      data.advice = fmt::format("has no {}; SOLITON_DATA names another folder", below);
    }
  return {node, data};
}

std::vector<MachineCheck> examine_machine(const DoctorOptions& options) {
  std::vector<MachineCheck> out = examine_installation(options);
  out.push_back(examine_processor());
  for (const std::vector<MachineCheck>& more :
       {examine_limits(options), examine_kernel(), examine_network(), examine_folder(options)})
    out.insert(out.end(), more.begin(), more.end());
  return out;
}

bool lacks_something(const std::vector<MachineCheck>& checks) {
  return std::ranges::any_of(checks,
                             [](const MachineCheck& it) { return it.state == CheckState::kShort; });
}

std::string doctor_text(const std::vector<MachineCheck>& checks) {
  std::string out;
  for (const MachineCheck& check : checks)
    out += fmt::format("{:<16} {:<5}  {}{}{}\n", check.name, spell(check.state), check.found,
                       check.advice.empty() ? "" : ": ", check.advice);
  return out;
}

std::string doctor_json(const std::vector<MachineCheck>& checks) {
  Json all = Json::array();
  for (const MachineCheck& check : checks)
    all.push_back({{"name", check.name},
                   {"state", spell(check.state)},
                   {"found", check.found},
                   {"advice", check.advice}});
  return json_text({{"good", !lacks_something(checks)}, {"checks", std::move(all)}},
                   JsonLayout::kIndented) +
         "\n";
}

}  // namespace soliton
