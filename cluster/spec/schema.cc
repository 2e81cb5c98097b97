#include "cluster/spec/schema.h"

#include <algorithm>

#include "node/traffic/traffic_kind.h"
#include "protocol/base/check.h"

namespace soliton {
namespace {

constexpr std::string_view kNoExpect = "expectations are not supported in this version";
constexpr std::string_view kNoProfile =
    "fault profiles are not supported in this version: write the rules out";
constexpr std::string_view kNoRepeat =
    "only one window (from/to, or at/for) is supported in this version; write a rule for each";
constexpr std::string_view kNoNodeFaults =
    "faults on nodes are not supported in this version, only on links";
constexpr std::string_view kNoMatch =
    "faults on some packets only are not supported in this version";
constexpr std::string_view kNoPick =
    "picking at random is not supported in this version: name the links";
constexpr std::string_view kNoClass = "traffic classes are not supported in this version";
constexpr std::string_view kNoRestart =
    "faults on nodes are not supported in this version, so nothing restarts";

using Keys = std::vector<SchemaKey>;

// Keys with plain values, separated by blanks, then the others. REQUIRES: `names` is a literal.
Keys keys(std::string_view names, const Keys& others = {}) {
  Keys out;
  while (!names.empty()) {
    const std::size_t end = std::min(names.find(' '), names.size());
    out.push_back({names.substr(0, end), ""});
    names.remove_prefix(std::min(end + 1, names.size()));
  }
  out.insert(out.end(), others.begin(), others.end());
  return out;
}

SchemaKey refused(std::string_view name, std::string_view why) { return {name, "", false, why}; }

// Those of a model's workload, and those of all kinds of communication.
Keys workload_keys() {
  Keys out = keys("clients arrival rate requests input lengths labels golden think kind");
  for (const TrafficKind* kind : traffic_kinds())
    for (const FieldTable* table : {&kind->fields, &kind->own})
      for (const Field& row : table->fields)
        if (std::none_of(out.begin(), out.end(),
                         [&](const SchemaKey& key) { return key.name == row.key; }))
          out.push_back({row.key, "", row.type == FieldType::kIntegers});
  return out;
}

std::vector<SchemaMap> cluster_maps() {
  return {
      {"cluster",
       keys("name seed time processes compute sample_every", {{"topology", "topology"},
                                                              {"formats", "format", true},
                                                              {"nodes", "node", true},
                                                              {"model", "model"},
                                                              {"partition", "partition"},
                                                              {"service", "service"},
                                                              {"workload", "workload"},
                                                              {"ltl", "ltl"},
                                                              {"wall", "wall"},
                                                              {"faults", "fault", true},
                                                              {"limits", "limits"},
                                                              {"trace", "trace"},
                                                              {"outputs", "outputs"},
                                                              refused("expect", kNoExpect)})},
      {"format", keys("name element block scale_bits rounding overflow flush seed beats_per_tile")},
      {"node", keys("name at", {{"device", "device"}})},
      {"model", keys("onnx output state precision place window", {{"rnn", "rnn"}})},
      {"rnn", keys("cell hidden steps layers input bidirectional reset_after count_as_hidden")},
      {"partition", keys("objective min_nodes max_nodes")},
      {"service", keys("replicas spares batch batch_wait", {{"sla", "sla"}})},
      {"sla", keys("p99")},
      {"workload", workload_keys()},
      {"ltl", keys("mtu window credit timeout timeout_max reorder_tolerance ack_every queue_limit "
                   "recovery first_sequence ack_delay timeout_rtts sample_every credit_overhead "
                   "packing crc "
                   "store handshake auth misses silence_min",
                   {{"weights", "", true}, {"congestion", "ltl_congestion"}})},
      {"ltl_congestion", keys("enabled line_rate rate_min cnp_interval alpha_gain alpha_timer "
                              "rate_timer byte_counter recovery_steps additive_step")},
      {"wall", keys("carrier wait spin listen key_file")},
      {"limits", keys("time silence")},
      {"trace", keys("requests")},
      {"outputs", keys("save")},
  };
}

std::vector<SchemaMap> device_maps() {
  return {
      {"device", keys("base name kind description source clock tile_engines lanes native_dimension "
                      "batch_lanes multifunction_units matrix_registers instruction_words dram "
                      "dram_bandwidth network_bandwidth cell_programs operator_overhead "
                      "memory_bandwidth",
                      {{"vector_registers", "vector_registers"},
                       {"formats", "device_format", true},
                       {"published_peaks", "published_peak", true},
                       {"timing", "device_timing"}})},
      {"vector_registers", keys("initial add_sub_0 add_sub_1 multiply")},
      {"device_format",
       keys("name element block scale_bits rounding overflow flush seed beats_per_tile")},
      {"published_peak", keys("name peak")},
      {"device_timing",
       keys("dispatch_cycles slot_overhead_cycles depth_cycles depth_cycles_per_vector "
            "vector_cycles vector_cycles_per_vector request_cycles occupancy calibrated source")},
  };
}

std::vector<SchemaMap> topology_maps() {
  return {
      {"topology", keys("name kind bandwidth hosts_per_rack racks_per_pod pods quiet",
                        {{"switches", "switch", true},
                         {"links", "cable", true},
                         {"ecn", "ecn"},
                         {"pfc", "pfc"}})},
      {"ecn", keys("kmin kmax probability")},
      {"pfc", keys("xoff xon headroom", {{"watchdog", "pfc_watchdog"}})},
      {"pfc_watchdog", keys("poll polls restore")},
      {"switch", keys("name forwarding store_and_forward place")},
      {"cable", keys("name latency bandwidth queue", {{"between", "", true},
                                                      {"other_traffic", "other_traffic"},
                                                      refused("class", kNoClass)})},
      {"other_traffic", keys("busy longest")},
  };
}

std::vector<SchemaMap> fault_maps() {
  return {
      {"fault", keys("at for link loss delay jitter link_down id kind max_burst",
                     {{"model", "fault_model"},
                      {"where", "fault_where"},
                      {"when", "fault_when"},
                      refused("profile", kNoProfile),
                      refused("restart", kNoRestart)})},
      {"fault_model", keys("type p")},
      {"fault_where", keys("direction", {{"links", "fault_links"},
                                         refused("nodes", kNoNodeFaults),
                                         refused("match", kNoMatch),
                                         refused("pick", kNoPick)})},
      {"fault_links",
       keys("name from to node", {refused("between", "name both ends with from and to")})},
      {"fault_when",
       keys("from to at for", {refused("every", kNoRepeat), refused("poisson", kNoRepeat),
                               refused("on", kNoRepeat), refused("limit", kNoRepeat)})},
  };
}

std::vector<SchemaMap> make_maps() {
  std::vector<SchemaMap> all;
  for (const auto& part : {cluster_maps(), device_maps(), topology_maps(), fault_maps()})
    all.insert(all.end(), part.begin(), part.end());
  return all;
}

}  // namespace

const SchemaKey* SchemaMap::find(std::string_view key) const {
  const auto at =
      std::find_if(keys.begin(), keys.end(), [&](const SchemaKey& k) { return k.name == key; });
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
  const auto at = std::find_if(maps.begin(), maps.end(),
                               [&](const SchemaMap& map) { return map.name == name; });
  SOLITON_CHECK(at != maps.end());
  return *at;
}

}  // namespace soliton
