#include "cluster/run/live_results.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "cluster/engine/elapsed.h"
#include "cluster/results/results.h"
#include "cluster/run/fill_results.h"
#include "cluster/run/firings.h"
#include "cluster/run/traffic.h"
#include "cluster/workload/graph_judge.h"
#include "protocol/json/json.h"

namespace soliton {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::chrono::milliseconds kTick{100};
constexpr int kTicksASecond = 10;
double in_thousandths(double value) { return std::round(value * 1e3) / 1e3; }

constexpr const char* kUnfinished = "the run had not ended when this was written";

}  // namespace

std::string progress_line(const RunProgress& p) {
  const std::optional<double> left = p.rates.seconds_left(p.completed, p.asked);
  const Json out{
      {"t_wall", in_thousandths(p.wall_seconds)},
      {"emulated_us", json_us(p.pulse.now - kRunStart)},
      {"completed", p.completed},
      {"asked", p.asked},
      {"events", p.pulse.events},
      {"packets", p.pulse.packets},
      {"completed_per_second", in_thousandths(p.rates.completed_per_second())},
      {"packets_per_second", std::round(p.rates.packets_per_second())},
      {"emulated_us_per_second", in_thousandths(1e6 * p.rates.emulated_seconds_per_second())},
      {"left", left ? Json(in_thousandths(*left)) : Json(nullptr)},
      {"lag", in_thousandths(p.lag_seconds)},
      {"state", p.state},
      {"nodes_lost", p.pulse.nodes_lost}};
  return json_text(out, JsonLayout::kLine) + "\n";
}

LiveResults::LiveResults(const PreparedRun& run, RunFolder& folder, ControlLoop& loop, Show show)
    : run_(run),
      folder_(folder),
      loop_(loop),
      show_(std::move(show)),
      services_(services_of(run)),
      started_(Clock::now()),
      answered_(started_) {
  progress_.asked = asked_of(run.spec);
  std::vector<Traffic> traffics;
  for (NamedTraffic& workload : traffics_of(run)) traffics.push_back(std::move(workload.traffic));
  if (!traffics.empty()) messages_.emplace(traffics);
}

bool leaves_firings(const PreparedRun& run) {
  return !run.faults.rules.empty() && run.spec.fidelity == Fidelity::kPacket;
}

LiveResults::~LiveResults() { stop(); }

Result<std::unique_ptr<LiveResults>> LiveResults::start(const PreparedRun& run, RunFolder& folder,
                                                        ControlLoop& loop, Show show) {
  std::unique_ptr<LiveResults> live(new LiveResults(run, folder, loop, std::move(show)));
  if (Status opened = live->open(); !opened) return tl::unexpected<Error>(opened.error());
  return live;
}

// The first state is written before the run starts, so that a folder that cannot be written is an
// error now.
Status LiveResults::open() {
  for (auto [name, file] :
       {std::pair{"requests.csv", &rows_file_}, std::pair{"progress.jsonl", &progress_file_}}) {
    Result<GrowingFile> grown = folder_.grow(name);
    if (!grown) return tl::unexpected<Error>(grown.error());
    file->emplace(std::move(*grown));
  }
  if (leaves_firings(run_)) {
    Result<GrowingFile> grown = folder_.grow("events.csv");
    if (!grown) return tl::unexpected<Error>(grown.error());
    firings_file_.emplace(std::move(*grown));
    firings_ = firings_head(run_.faults, run_.topology);
  }
  rows_ = csv_head(columns());
  write_second();
  if (failure_) return tl::unexpected<Error>(*failure_);
  ticker_.emplace(loop_, kTick, [this] { each_tick(); });
  return {};
}

std::span<const CsvColumn<RequestRecord>> LiveResults::columns() const {
  return tells_of_services(run_.spec) ? service_requests_columns() : requests_columns();
}

void LiveResults::add(const RequestRecord& row) {
  rows_ += csv_line(columns(), row);
  highest_request_ = std::max<std::uint64_t>(highest_request_, index(row.request) + 1);
  ++progress_.completed;
  answered_ = Clock::now();
  if (row.refused) return;
  sums_.latency.add(row.completed - row.sent);
  sums_.compute_ps += static_cast<double>(row.path.compute.count());
  sums_.network_ps += static_cast<double>(row.path.network.count());
  sums_.queue_ps += static_cast<double>(row.path.queue.count());
  sums_.host_ps += static_cast<double>(row.path.host.count());
  first_sent_ = std::min(first_sent_, row.sent);
  last_completed_ = std::max(last_completed_, row.completed);
}

void LiveResults::on_records(std::span<const HostRecord> records) {
  const std::lock_guard lock(mutex_);
  for (const HostRecord& record : records)
    add(graph_row(services_[record.service]->graph->workload, record));
}

// The two ends of a message come from different nodes. Beside a model its requests alone have rows.
void LiveResults::on_records(std::span<const TrafficRecord> records) {
  const std::lock_guard lock(mutex_);
  for (const TrafficRecord& record : records)
    if (const std::optional<RequestRecord> row = messages_->add(record);
        row && !has_model(run_.spec))
      add(*row);
}

void LiveResults::on_firings(std::span<const FaultFiring> firings) {
  const std::lock_guard lock(mutex_);
  firings_ += firing_lines(run_.faults, run_.topology, firings);
  progress_.fault_hits += firings.size();
}

void LiveResults::on_troubles(std::span<const NodeFiring> troubles) {
  const std::lock_guard lock(mutex_);
  firings_ += trouble_lines(run_.faults, run_.topology, troubles);
  progress_.fault_hits += troubles.size();
}

// A failed write does not end the run from the loop's thread; the run's thread learns of it here.
Status LiveResults::on_progress(const RunPulse& pulse) {
  const std::lock_guard lock(mutex_);
  progress_.state = "running";
  progress_.pulse = pulse;
  if (failure_) return tl::unexpected<Error>(*failure_);
  return {};
}

RunProgress LiveResults::progress() {
  progress_.wall_seconds = seconds_since(started_);
  progress_.lag_seconds = seconds_since(answered_);
  progress_.rates.add(
      {progress_.wall_seconds, progress_.completed, progress_.pulse.packets, progress_.pulse.now});
  if (sums_.latency.count() > 0) {
    progress_.p50 = sums_.latency.quantile(0.5);
    progress_.p99 = sums_.latency.quantile(0.99);
  }
  return progress_;
}

RunResults LiveResults::results_so_far() const {
  RunResults results = results_before(run_);
  results.complete = false;
  results.error = kUnfinished;
  results.running = sums_;
  // Measured by the nodes, which report at the end.
  constexpr double kUnknown = std::numeric_limits<double>::quiet_NaN();
  results.operations_per_request = kUnknown;
  for (NodeResult& node : results.nodes) node.busy_fraction = kUnknown;
  // Requests are numbered as they are sent, so the highest number answered is a lower bound of how
  // many were.
  results.sent = static_cast<std::int64_t>(std::max(highest_request_, progress_.completed));
  results.failed = results.sent - static_cast<std::int64_t>(progress_.completed);
  if (progress_.completed > 0) results.first_sent = first_sent_;
  results.last_completed = last_completed_;
  results.wall.seconds = seconds_since(started_);
  results.wall.event_count = progress_.pulse.events;
  return results;
}

void LiveResults::each_tick() {
  if (show_) {
    std::unique_lock lock(mutex_);
    const RunProgress now = progress();
    lock.unlock();
    show_(now);
  }
  if (++ticks_ % kTicksASecond == 0) write_second();
}

void LiveResults::keep(const Status& status) {
  const std::lock_guard lock(mutex_);
  if (!status && !failure_) failure_ = status.error();
}

// Rows first: the sums never count a request that is not in the file. Everything is taken under the
// lock and written without it, so the run's thread never waits for a disk.
void LiveResults::write_second() {
  std::unique_lock lock(mutex_);
  const std::string rows = std::exchange(rows_, {});
  const std::string firings = std::exchange(firings_, {});
  const RunResults results = results_so_far();
  const std::string line = progress_line(progress());
  lock.unlock();
  keep(folder_.renew());
  keep(rows_file_->append(rows));
  if (firings_file_) keep(firings_file_->append(firings));
  keep(folder_.write("results.json", results_json(results), {.durable = false}));
  keep(progress_file_->append(line));
}

// If the program is ended while the final files are written, this file has all rows.
void LiveResults::stop() {
  if (!ticker_) return;
  ticker_.reset();
  progress_.state = "writing";
  write_second();
}

void LiveResults::finish(bool complete) {
  stop();
  progress_.state = complete ? "complete" : "incomplete";
  // Errors are ignored: the last line only informs watchers, and the results are written.
  static_cast<void>(progress_file_->append(progress_line(progress())));
}

}  // namespace soliton
