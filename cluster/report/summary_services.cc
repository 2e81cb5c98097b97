// A line for each service: who serves it, how it went, and whether its promises were kept.
#include <fmt/format.h>

#include "cluster/report/summary_parts.h"
#include "cluster/report/words.h"

namespace soliton {
namespace {

std::string replica_words(const ServiceResult& service) {
  const std::size_t count = service.replicas.size();
  std::string text = fmt::format("{} · {} replica{}", service.model, count, count == 1 ? "" : "s");
  if (count > 0 && !service.replicas.front().nodes.empty())
    text += fmt::format(" of {}", service.replicas.front().nodes.size());
  return text;
}

std::string work_words(const ServiceResult& service, const LatencyStatistics& latency) {
  std::string text = fmt::format(" · {} requests", group_thousands(service.completed));
  if (service.completed < service.sent) text += " of " + group_thousands(service.sent);
  if (service.refused > 0) text += fmt::format(", {} refused", group_thousands(service.refused));
  if (service.warm_up > 0)
    text += fmt::format(", {} to warm up left out", group_thousands(service.warm_up));
  if (latency.completed > 0)
    text += fmt::format("   mean {}   p99 {}   {} requests/s", spell_time(latency.mean),
                        spell_time(latency.p99), significant(service.throughput_rps, 3));
  return text;
}

}  // namespace

void add_services(SummaryText& s) {
  for (std::size_t i = 0; i < s.results.services.size(); ++i) {
    const ServiceResult& service = s.results.services[i];
    const LatencyStatistics latency = latency_statistics(service.latencies);
    if (s.results.tells_of_services)
      s.line(service.name.empty() ? "service" : service.name,
             replica_words(service) + work_words(service, latency));
    for (const ServiceResult::Promise& promise : service.sla)
      s.line(s.results.tells_of_services ? "" : "sla",
             fmt::format("{} {}   promised {}   {}", promise.key, promise.measured, promise.said,
                         promise.met ? s.ink(Ink::kGreen, "kept") : s.ink(Ink::kRed, "missed")));
  }
}

}  // namespace soliton
