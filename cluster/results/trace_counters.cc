#include "cluster/results/trace_counters.h"

#include <algorithm>
#include <optional>
#include <string>

#include "cluster/results/links_series.h"

namespace soliton {
namespace {

constexpr std::size_t kLinks = 32;
constexpr std::size_t kSamples = 2'000;  // of a link

// A counter keeps its value until its next event, so a value that stays is written once.
class Counter {
 public:
  Counter(std::string name, const char* unit, std::uint32_t process, std::vector<Json>& out)
      : name_(std::move(name)), unit_(unit), process_(process), out_(out) {}

  void set(Instant at, const Json& value) {
    if (last_ == value) return;
    last_ = value;
    out_.push_back({{"name", name_},
                    {"ph", "C"},
                    {"pid", process_},
                    {"ts", json_us(at - kRunStart)},
                    {"args", {{unit_, value}}}});
  }

 private:
  std::string name_;
  const char* unit_;
  std::uint32_t process_;
  std::vector<Json>& out_;
  Json last_;
};

void add_link(const SeriesResult& series, const SeriesResult::Link& link, std::uint32_t process,
              std::vector<Json>& out) {
  const std::size_t every = (link.intervals.size() + kSamples - 1) / kSamples;
  const Duration interval = static_cast<std::int64_t>(every) * series.interval;
  Counter load(link.name + " load", "percent", process, out),
      queue(link.name + " queue", "bytes", process, out);
  Instant at = kRunStart;
  for (const SeriesInterval& values : join_intervals(link.intervals, every)) {
    load.set(at, 100 * busy_share(values, interval));
    queue.set(at, values.queue_max.count);
    at += interval;
  }
  load.set(at, 0.0);
  queue.set(at, std::int64_t{0});
}

}  // namespace

std::vector<Json> trace_counters(const SeriesResult& series, std::uint32_t process) {
  std::vector<Json> out;
  for (const SeriesResult::Link* link : busiest_links(series, kLinks))
    add_link(series, *link, process, out);
  return out;
}

}  // namespace soliton
