#include "cluster/spec/schema.h"

#include <algorithm>

#include "protocol/base/check.h"

namespace soliton {
namespace {

constexpr std::string_view kNoExpect = "expectations are not supported in this version";
constexpr std::string_view kNoProfile = "fault profiles are not supported in this version: write the rules out";
constexpr std::string_view kNoRepeat =
    "only one window (from/to, or at/for) is supported in this version; write a rule for each";
constexpr std::string_view kNoNodeFaults = "faults on nodes are not supported in this version, only on links";
constexpr std::string_view kNoMatch = "faults on some packets only are not supported in this version";
constexpr std::string_view kNoPick = "picking at random is not supported in this version: name the links";
constexpr std::string_view kNoClass = "traffic classes are not supported in this version";
constexpr std::string_view kNoRestart = "faults on nodes are not supported in this version, so nothing restarts";

std::vector<SchemaMap> make_maps() {
  return {
      {"cluster",
       {{"name", ""}, {"seed", ""}, {"time", ""}, {"processes", ""}, {"topology", "topology"},
        {"nodes", "node", true}, {"model", "model"}, {"partition", "partition"}, {"service", "service"},
        {"workload", "workload"}, {"compute", ""}, {"sample_every", ""}, {"ltl", "ltl"},
        {"faults", "fault", true}, {"limits", "limits"}, {"trace", "trace"}, {"expect", "", false, kNoExpect}}},
      {"node", {{"name", ""}, {"device", "device"}, {"at", ""}}},
      {"device",
       {{"name", ""}, {"kind", ""}, {"description", ""}, {"source", ""}, {"clock", ""}, {"tile_engines", ""},
        {"lanes", ""}, {"native_dimension", ""}, {"multifunction_units", ""}, {"matrix_registers", ""},
        {"vector_registers", "vector_registers"}, {"instruction_words", ""}, {"dram", ""}, {"dram_bandwidth", ""},
        {"network_bandwidth", ""}, {"formats", "device_format", true}, {"timing", "device_timing"},
        {"operator_overhead", ""}, {"memory_bandwidth", ""}}},
      {"vector_registers", {{"initial", ""}, {"add_sub_0", ""}, {"add_sub_1", ""}, {"multiply", ""}}},
      {"device_format", {{"name", ""}, {"beats_per_tile", ""}}},
      {"device_timing",
       {{"dispatch_cycles", ""}, {"depth_cycles", ""}, {"vector_cycles", ""}, {"request_cycles", ""},
        {"calibrated", ""}, {"source", ""}}},
      {"topology",
       {{"name", ""}, {"kind", ""}, {"bandwidth", ""}, {"hosts_per_rack", ""}, {"racks_per_pod", ""}, {"pods", ""},
        {"switches", "switch", true}, {"links", "cable", true}}},
      {"switch", {{"name", ""}, {"forwarding", ""}, {"store_and_forward", ""}, {"place", ""}}},
      {"cable",
       {{"between", "", true}, {"name", ""}, {"latency", ""}, {"bandwidth", ""}, {"queue", ""},
        {"class", "", false, kNoClass}}},
      {"model", {{"rnn", "rnn"}, {"onnx", ""}, {"precision", ""}}},
      {"rnn",
       {{"cell", ""}, {"hidden", ""}, {"steps", ""}, {"layers", ""}, {"input", ""}, {"bidirectional", ""},
        {"reset_after", ""}, {"count_as_hidden", ""}}},
      {"partition", {{"objective", ""}, {"min_nodes", ""}, {"max_nodes", ""}}},
      {"service", {{"replicas", ""}, {"spares", ""}, {"sla", "sla"}}},
      {"sla", {{"p99", ""}}},
      {"workload",
       {{"clients", ""}, {"arrival", ""}, {"requests", ""}, {"input", ""}, {"lengths", ""}, {"labels", ""},
        {"golden", ""}, {"think", ""}, {"kind", "", false, "kind"}}},
      {"ltl",
       {{"mtu", ""}, {"window", ""}, {"credit", ""}, {"timeout", ""}, {"timeout_max", ""}, {"reorder_tolerance", ""},
        {"ack_every", ""}, {"queue_limit", ""}, {"recovery", ""}, {"first_sequence", ""},
        {"ack_delay", ""}, {"timeout_rtts", ""}, {"credit_overhead", ""}}},
      {"fault",
       {{"at", ""}, {"for", ""}, {"link", ""}, {"loss", ""}, {"delay", ""}, {"jitter", ""}, {"link_down", ""},
        {"id", ""}, {"kind", ""}, {"model", "fault_model"}, {"max_burst", ""}, {"where", "fault_where"},
        {"when", "fault_when"}, {"profile", "", false, kNoProfile}, {"restart", "", false, kNoRestart}}},
      {"fault_model", {{"type", ""}, {"p", ""}}},
      {"fault_where",
       {{"links", "fault_links"}, {"direction", ""}, {"nodes", "", false, kNoNodeFaults},
        {"match", "", false, kNoMatch}, {"pick", "", false, kNoPick}}},
      {"fault_links",
       {{"name", ""}, {"from", ""}, {"to", ""}, {"node", ""}, {"between", "", false, "name both ends with from and to"}}},
      {"fault_when",
       {{"from", ""}, {"to", ""}, {"at", ""}, {"for", ""}, {"every", "", false, kNoRepeat},
        {"poisson", "", false, kNoRepeat}, {"on", "", false, kNoRepeat}, {"limit", "", false, kNoRepeat}}},
      {"limits", {{"time", ""}}},
      {"trace", {{"requests", ""}}},
  };
}

}  // namespace

const SchemaKey* SchemaMap::find(std::string_view key) const {
  const auto at = std::find_if(keys.begin(), keys.end(), [&](const SchemaKey& k) { return k.name == key; });
  return at == keys.end() ? nullptr : &*at;
}

std::vector<std::string> SchemaMap::names() const {
  std::vector<std::string> out;
  for (const SchemaKey& key : keys)
    if (key.refused.empty()) out.emplace_back(key.name);
  return out;
}

const std::vector<SchemaMap>& schema_maps() {
  static const std::vector<SchemaMap> maps = make_maps();
  return maps;
}

const SchemaMap& schema_map(std::string_view name) {
  const auto& maps = schema_maps();
  const auto at = std::find_if(maps.begin(), maps.end(), [&](const SchemaMap& map) { return map.name == name; });
  SOLITON_CHECK(at != maps.end());
  return *at;
}

}  // namespace soliton
