#include "cluster/chaos/chaos_trial.h"

#include <algorithm>

#include "protocol/json/json.h"

namespace soliton {

bool ChaosTrial::violates(const std::string& invariant) const {
  return std::ranges::find(violations, invariant, &ChaosViolation::invariant) != violations.end();
}

std::string ChaosTrial::json() const {
  Json all = Json::array(), kinds = Json::object();
  for (const ChaosViolation& v : violations)
    all.push_back(Json{{"invariant", v.invariant}, {"what", v.what}});
  for (const auto& [kind, count] : by_kind) kinds[kind] = count;
  return json_text(Json{{"violations", std::move(all)},
                        {"packets", packets},
                        {"fired", fired},
                        {"nacks", nacks},
                        {"resends", resends},
                        {"by_kind", std::move(kinds)},
                        {"end_ps", end.count()},
                        {"checked", checked},
                        {"allowed_ps", allowed.count()},
                        {"sha256", sha256 ? Json(*sha256) : Json(nullptr)},
                        {"events_head", events_head},
                        {"events", events}},
                   JsonLayout::kLine);
}

Result<ChaosTrial> ChaosTrial::from_json(const std::string& text) {
  const Json in = Json::parse(text, nullptr, false);
  if (!in.is_object() || !in.contains("events")) return invalid("not the result of a trial");
  ChaosTrial out;
  for (const Json& v : in["violations"])
    out.violations.push_back({v["invariant"].get<std::string>(), v["what"].get<std::string>()});
  out.packets = in["packets"].get<std::uint64_t>();
  out.fired = in["fired"].get<std::uint64_t>();
  out.nacks = in["nacks"].get<std::uint64_t>();
  out.resends = in["resends"].get<std::uint64_t>();
  for (const auto& [kind, count] : in["by_kind"].items())
    out.by_kind[kind] = count.get<std::uint64_t>();
  out.end = Duration{in["end_ps"].get<std::int64_t>()};
  out.checked = in["checked"].get<std::int64_t>();
  out.allowed = Duration{in["allowed_ps"].get<std::int64_t>()};
  if (!in["sha256"].is_null()) out.sha256 = in["sha256"].get<std::string>();
  out.events_head = in["events_head"].get<std::string>();
  out.events = in["events"].get<std::vector<std::string>>();
  return out;
}

}  // namespace soliton
