#include "partition/priced/assignment.h"

#include <fmt/format.h>

#include <string_view>

#include "partition/priced/read_priced.h"
#include "protocol/base/check.h"

namespace soliton::priced {
namespace {

constexpr std::int64_t kPicosecondsPerMillisecond = 1'000'000'000;
constexpr std::int64_t kWorstHundredths = 1000 * 100;  // of a percent that is still said

std::string spell_ms(Duration time) {
  std::string out = fmt::format("{}.{:09}", time.count() / kPicosecondsPerMillisecond,
                                time.count() % kPicosecondsPerMillisecond);
  out.erase(out.find_last_not_of('0') + 1);
  if (out.back() == '.') out.pop_back();
  return out;
}

Json json_ms(Duration time) { return json_spelled(spell_ms(time)); }

}  // namespace

std::string place_name(const PricedGraph& graph, const Place& place) {
  return fmt::format("{}{}", graph.classes[place.node_class].prefix, place.node);
}

// Rounded up, so that the words never claim more than the bound.
std::string verdict_of(Duration value, Duration lower_bound) {
  if (value <= lower_bound) return "optimal";
  if (lower_bound.count() <= 0) return "no proof";
  const __int128 bound = lower_bound.count();
  const __int128 hundredths =
      ((value - lower_bound).count() * __int128{10'000} + bound - 1) / bound;
  if (hundredths > kWorstHundredths) return "no proof";
  const auto shown = static_cast<std::int64_t>(hundredths);
  return fmt::format("within {}.{:02} %", shown / 100, shown % 100);
}

Json assignment_json(const PricedGraph& graph, const Assignment& it) {
  const bool bounded = it.lower_bound.count() > 0 || it.value.count() == 0;
  const double bound = static_cast<double>(it.lower_bound.count());
  const double above = static_cast<double>((it.value - it.lower_bound).count());
  Json places = Json::object();
  // Ids are unique: no need for the search that an insertion into an ordered map begins with.
  auto& members = places.get_ref<Json::object_t&>();
  for (std::size_t i = 0; i < graph.operators.size(); ++i)
    members.Container::emplace_back(graph.operators[i].id, place_name(graph, it.places[i]));
  return {{"objective", objective_name(it.objective)},
          {"value_ms", json_ms(it.value)},
          {"lower_bound_ms", bounded ? json_ms(it.lower_bound) : Json()},
          {"gap", bounded ? Json(above == 0 ? 0.0 : above / bound) : Json()},
          {"verdict", it.verdict},
          {"class", it.plan_class},
          {"method", it.method},
          {"seconds", it.seconds},
          {"assignment", std::move(places)}};
}

namespace {

// A number where the file had one.
Json json_id(const Operator& it) {
  const bool number = it.id.find_first_not_of("0123456789") == std::string::npos;
  return number ? json_spelled(it.id) : Json(it.id);
}

Json operator_json(const Operator& it) {
  Json out = {{"id", json_id(it)}};
  if (!it.name.empty()) out["name"] = it.name;
  out["supportedOnFpga"] = it.times[kFpga] ? 1 : 0;
  out["cpuLatency"] = json_ms(it.times[kCpu].value_or(Duration{}));
  out["fpgaLatency"] = json_ms(it.times[kFpga].value_or(Duration{}));
  out["isBackwardNode"] = 0;
  out["colorClass"] = it.group;
  out["size"] = it.size.count;
  return out;
}

}  // namespace

Json planned_json(const PricedGraph& graph, const Assignment& assignment) {
  SOLITON_CHECK(graph.classes.size() == 2 && graph.classes[kCpu].kind == NodeKind::kCpu);
  Json nodes = Json::array(), edges = Json::array();
  for (const Operator& it : graph.operators) nodes.push_back(operator_json(it));
  for (const Edge& edge : graph.edges)
    edges.push_back({{"sourceId", json_id(graph.operators[edge.from])},
                     {"destId", json_id(graph.operators[edge.to])},
                     {"cost", json_ms(graph.operators[edge.from].transfer)}});
  Json out = assignment_json(graph, assignment);
  out["graph"] = {{"maxSizePerFPGA", graph.classes[kFpga].memory.count},
                  {"maxFPGAs", graph.classes[kFpga].count},
                  {"maxCPUs", graph.classes[kCpu].count},
                  {"nodes", std::move(nodes)},
                  {"edges", std::move(edges)}};
  return out;
}

}  // namespace soliton::priced
