#include "partition/plan/read_plan.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "protocol/json/json.h"

namespace soliton {
namespace {

bool read(const Json& stage, const char* key, std::vector<std::string>& out) {
  const auto at = stage.find(key);
  if (at == stage.end() || !at->is_array()) return false;
  for (const Json& name : *at) {
    if (!name.is_string()) return false;
    out.push_back(name.get<std::string>());
  }
  return true;
}

// What is not said is not so.
bool read(const Json& stage, std::string_view key, bool& out) {
  const auto at = stage.find(key);
  if (at == stage.end()) return true;
  if (!at->is_boolean()) return false;
  out = at->get<bool>();
  return true;
}

bool read(const Json& stage, const char* key, std::size_t& out) {
  const auto at = stage.find(key);
  if (at == stage.end() || !at->is_number_unsigned()) return false;
  out = at->get<std::size_t>();
  return true;
}

}  // namespace

Result<std::vector<PlanStage>> read_plan_stages(std::string_view json) {
  const Json plan = Json::parse(json, nullptr, false);
  if (plan.is_discarded()) return invalid("is not JSON");
  const auto stages = plan.is_object() ? plan.find("stages") : plan.end();
  if (stages == plan.end() || !stages->is_array())
    return invalid("has no \"stages\"; `soliton plan --out` writes a plan.json that has them");
  std::vector<std::string_view> flags;
  for (const StageFlag& flag : kStageFlags) flags.push_back(flag.name);
  std::vector<PlanStage> out;
  for (const Json& given : *stages) {
    PlanStage& stage = out.emplace_back();
    const bool good = given.is_object() && read(given, "layers", stage.layers) &&
                      read(given, "nodes", stage.nodes) &&
                      read(given, "input_nodes", stage.option.input_nodes) &&
                      std::ranges::all_of(kStageFlags, [&](const StageFlag& flag) {
                        return read(given, flag.name, stage.option.*flag.member);
                      });
    if (!good)
      return invalid(
          fmt::format("stage {} lacks one of layers and nodes (lists of names) and input_nodes (a "
                      "number), or one of {} is neither true nor false",
                      out.size(), fmt::join(flags, ", ")));
  }
  return out;
}

}  // namespace soliton
