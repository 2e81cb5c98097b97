#include "cluster/run/fill_series.h"

#include <fmt/format.h>

namespace soliton {

void fill_series(const PreparedRun& run, const ClusterOutcome& outcome, RunResults& results) {
  if (run.spec.time == TimeMode::kWall || run.spec.trace_links == Duration{}) return;
  std::vector<PortSeries> ports = outcome.series;
  SeriesResult series{.asked = run.spec.trace_links, .interval = align(ports), .links = {}};
  if (series.interval == Duration{}) series.interval = series.asked;
  for (std::size_t port = 0; port < ports.size(); ++port)
    if (!ports[port].empty())
      series.links.push_back({port_name(run.topology, hop_of(port)), ports[port].intervals()});
  if (series.interval > series.asked)
    warn(
        results.warnings, warning_id::kSeriesCoarser,
        fmt::format("links were to be sampled every {}, which would have been too many samples for "
                    "so long a run of so many links: there is one every {}",
                    to_string(series.asked), to_string(series.interval)));
  results.series = std::move(series);
}

}  // namespace soliton
