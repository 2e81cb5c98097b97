#include "cluster/run/fill_services.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "cluster/results/statistics.h"

namespace soliton {
namespace {

constexpr std::int64_t kBillion = 1'000'000'000;

// What is measured of a service while its rows are read.
struct Measured {
  Instant first_sent = kNever, last_completed{};
  double compute = 0, queue = 0, host = 0, whole = 0;  // ps

  void add(const RequestRecord& row) {
    first_sent = std::min(first_sent, row.sent);
    last_completed = std::max(last_completed, row.completed);
    compute += static_cast<double>(row.path.compute.count());
    queue += static_cast<double>(row.path.queue.count());
    host += static_cast<double>(row.path.host.count());
    whole += static_cast<double>(row.path.total().count());
  }
  // What the other parts leave is network, so that they add up.
  Breakdown mean(double count) const {
    const auto of = [count](double sum) {
      return Duration{static_cast<std::int64_t>(std::round(sum / count))};
    };
    Breakdown out{of(compute), {}, of(queue), of(host)};
    out.network = of(whole) - (out.compute + out.queue + out.host);
    return out;
  }
  double rate(std::size_t count) const {
    const Duration span = last_completed - first_sent;
    return span.count() <= 0
               ? 0
               : static_cast<double>(count) * 1e12 / static_cast<double>(span.count());
  }
};

class Judge {
 public:
  explicit Judge(const ServiceSpec& spec, ServiceResult& result) : spec_(spec), result_(result) {}

  void all() {
    const LatencyStatistics latency = latency_statistics(result_.latencies);
    at_most("p50", spec_.sla_p50, latency.p50);
    at_most("p90", spec_.sla_p90, latency.p90);
    at_most("p99", spec_.sla_p99, latency.p99);
    at_most("p99_9", spec_.sla_p99_9, latency.p99_9);
    at_most("max", spec_.sla_max, latency.max);
    if (spec_.sla_throughput.per_second > 0)
      add("throughput", fmt::format("{} /s", spec_.sla_throughput.per_second),
          fmt::format("{:.1f} /s", result_.throughput_rps),
          result_.throughput_rps >= static_cast<double>(spec_.sla_throughput.per_second));
    if (spec_.sla_refused) {
      const double share = result_.sent == 0 ? 0
                                             : static_cast<double>(result_.refused) /
                                                   static_cast<double>(result_.sent);
      const auto most =
          static_cast<double>(spec_.sla_refused->parts_per_billion) / static_cast<double>(kBillion);
      add("refused", fmt::format("{:g} %", 100 * most), fmt::format("{:.3g} %", 100 * share),
          share <= most);
    }
  }

 private:
  void at_most(const char* key, Duration most, Duration measured) {
    if (most.count() <= 0) return;
    if (result_.latencies.empty()) return add(key, to_string(most), "nothing", false);
    add(key, to_string(most), fmt::format("{:.3f} us", in_us(measured)), measured <= most);
  }
  void add(const char* key, std::string said, std::string measured, bool met) {
    result_.sla.push_back({key, std::move(said), std::move(measured), met});
  }

  const ServiceSpec& spec_;
  ServiceResult& result_;
};

double mean_busy(const std::vector<std::string>& nodes, const RunResults& results) {
  double sum = 0;
  for (const std::string& name : nodes)
    for (const NodeResult& node : results.nodes)
      if (node.name == name) sum += node.busy_fraction;
  return nodes.empty() ? 0 : sum / static_cast<double>(nodes.size());
}

}  // namespace

void name_services(const PreparedRun& run, RunResults& results) {
  results.tells_of_services = tells_of_services(run.spec);
  for (const PreparedRun* service : services_of(run)) {
    ServiceResult& out = results.services.emplace_back();
    out.name = service->spec.service_name;
    out.model = service->plan.model;
    out.nodes_used = service->plan.nodes_used;
    out.predicted_latency = service->plan.predicted_latency;
    for (const CopyPlace& copy : service->copies) {
      ServiceResult::Replica& replica = out.replicas.emplace_back();
      replica.host = copy.front;
      for (const Shard& shard : service->plan.shards)
        replica.nodes.push_back(copy.node(shard.node));
    }
  }
}

void fill_services(const PreparedRun& run, RunResults& results) {
  const std::vector<const PreparedRun*> services = services_of(run);
  std::vector<Measured> measured(services.size());
  for (const RequestRecord& row : results.requests) {
    ServiceResult& out = results.services[row.service];
    ++out.sent;
    out.refused += row.refused;
    if (row.refused || row.failed) continue;
    ++out.completed;
    if (row.copy < out.replicas.size()) ++out.replicas[row.copy].completed;
    if (!row.counts()) continue;
    out.latencies.push_back(row.completed - row.sent);
    measured[row.service].add(row);
  }
  for (std::size_t i = 0; i < services.size(); ++i) {
    ServiceResult& out = results.services[i];
    std::ranges::sort(out.latencies);
    results.warm_up += out.warm_up;
    if (!out.latencies.empty())
      out.breakdown = measured[i].mean(static_cast<double>(out.latencies.size()));
    out.throughput_rps = measured[i].rate(out.latencies.size());
    for (ServiceResult::Replica& replica : out.replicas)
      replica.busy_fraction = mean_busy(replica.nodes, results);
    // Of requests without an answer only their number in all is known.
    if (services.size() == 1) {
      out.sent = results.sent;
      out.failed = results.failed;
    }
    Judge(services[i]->spec.service, out).all();
  }
  // Requests that are left out are outside of the time that counts as well.
  if (results.warm_up == 0) return;
  results.first_sent = kNever;
  for (const Measured& one : measured)
    results.first_sent = std::min(results.first_sent, one.first_sent);
  if (results.first_sent == kNever) results.first_sent = results.last_completed;
}

}  // namespace soliton
