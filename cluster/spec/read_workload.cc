#include <algorithm>
#include <bit>

#include "cluster/spec/files.h"
#include "cluster/spec/parts.h"

namespace soliton {
namespace {

// `kind:` and traces bring keys of their own; saying that they are unknown would only confuse.
bool is_supported(MapReader& map) {
  std::string kind, arrival = "closed";
  if (map.text("kind", kind)) {
    map.error(
        "kind",
        fmt::format(
            "\"{}\" is not supported in this version: leave the key out, and clients send requests "
            "to the model in a closed loop",
            kind));
    return false;
  }
  if (map.text("arrival", arrival) && arrival == "trace") {
    map.error("arrival", "\"trace\" is not supported in this version; supported: closed, poisson");
    return false;
  }
  return true;
}

void read_arrival(MapReader& map, WorkloadSpec& out) {
  Choices<std::string> choices;
  for (const std::string& name : arrivals()) choices.emplace_back(name, name);
  map.choice("arrival", out.arrival, choices);
  const bool has_rate = map.find("rate") != nullptr;
  map.quantity<EventRate>("rate", out.rate, parse_event_rate, EventRate{1},
                          EventRate{1'000'000'000});
  const bool poisson = out.arrival == "poisson";
  if (poisson && !has_rate)
    map.error("arrival", "poisson needs workload.rate, requests a second: rate: 20 k/s");
  if (!poisson && has_rate)
    map.error("rate", "belongs to arrival: poisson; closed clients send when they have an answer");
  if (poisson && map.find("think") != nullptr)
    map.error("think", "belongs to arrival: closed; poisson requests do not wait for answers");
}

void read_files(MapReader& map, const ReadSite& site, WorkloadSpec& out) {
  const YamlValue* input = map.find("input");
  if (input != nullptr && input->kind == YamlValue::Kind::kMap)
    map.error("input",
              "a file for each model input is not supported in this version: name one .npy file, "
              "or random");
  else if (input != nullptr && (input->kind != YamlValue::Kind::kScalar || input->text != "random"))
    read_path(map, site, "input", out.input);
  for (const auto& [key, member] : {std::pair{"lengths", &WorkloadSpec::lengths},
                                    {"labels", &WorkloadSpec::labels},
                                    {"golden", &WorkloadSpec::golden}}) {
    if (map.find(key) == nullptr) continue;
    if (input == nullptr || input->text == "random")
      map.error(key, "belongs to an input file, but the input is random");
    else
      read_path(map, site, key, out.*member);
  }
}

}  // namespace

const std::vector<std::string>& arrivals() {
  static const std::vector<std::string> names = {"closed", "poisson"};
  return names;
}

void read_workload(MapReader& cluster, const ReadSite& site, WorkloadSpec& out) {
  const YamlValue* value = cluster.find("workload");
  if (value == nullptr) return;
  MapReader map(cluster.context(), *value, "workload", "workload");
  if (!map.is_map() || !is_supported(map)) return;
  map.integer("clients", out.clients, 1, 65'536);
  map.integer("requests", out.requests, 1, 100'000'000);
  map.duration("think", out.think, Duration{0});
  read_arrival(map, out);
  read_files(map, site, out);
  map.finish();
}

const Choices<RecoveryMode>& recovery_modes() {
  static const Choices<RecoveryMode> table = {{"selective", RecoveryMode::kSelective},
                                              {"go-back-n", RecoveryMode::kGoBackN}};
  return table;
}

void read_ltl(MapReader& cluster, LtlOptions& out) {
  const YamlValue* value = cluster.find("ltl");
  if (value == nullptr) return;
  const Bytes most{std::int64_t{1} << 40};
  const std::size_t errors_before = cluster.context().count();
  MapReader map(cluster.context(), *value, "ltl", "ltl");
  Bytes mtu{out.mtu};
  map.bytes("mtu", mtu, Bytes{64}, Bytes{8'192});
  out.mtu = static_cast<std::uint32_t>(mtu.count);
  if (map.integer_as("window", out.window, 1, 256) && !std::has_single_bit(out.window))
    map.error("window", fmt::format("{} is no power of two", out.window));
  map.bytes("credit", out.credit, Bytes{256}, most);
  map.duration("timeout", out.timeout, microseconds(1), milliseconds(60'000));
  map.duration("timeout_max", out.timeout_max, microseconds(1), milliseconds(3'600'000));
  map.duration("reorder_tolerance", out.reorder_tolerance, Duration{0}, milliseconds(60'000));
  map.integer_as("ack_every", out.ack_every, 1, 256);
  map.bytes("queue_limit", out.queue_limit, Bytes{1}, most);
  map.choice("recovery", out.recovery, recovery_modes());
  map.integer_as("first_sequence", out.first_sequence, 0, UINT32_MAX);
  map.duration("ack_delay", out.ack_delay, Duration{0}, milliseconds(60'000));
  map.integer_as("timeout_rtts", out.timeout_rtts, 0, 1'000);
  map.bytes("credit_overhead", out.credit_overhead, Bytes{0}, Bytes{65'536});
  map.finish();
  if (out.timeout_max < out.timeout)
    map.error("timeout_max",
              fmt::format("{} is below timeout, {}", spell(out.timeout_max), spell(out.timeout)));
  const Bytes packet = mtu + out.credit_overhead;
  if (out.credit < packet)
    map.error("credit",
              fmt::format("{} is less than one packet is charged, {} (mtu and credit_overhead)",
                          spell(out.credit), spell(packet)));
  if (out.ack_every > out.window)
    map.error("ack_every",
              fmt::format("{} is above window, {}: no acknowledgement would ever be sent early",
                          out.ack_every, out.window));
  if (const Status status = check(out); !status && map.context().count() == errors_before)
    cluster.error("ltl", status.error().message);
}

}  // namespace soliton
