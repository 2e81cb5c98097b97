#include "cluster/run/message_records.h"

#include <algorithm>

#include "protocol/base/check.h"

namespace soliton {
namespace {

// kNever stands for what an end does not know, and is later than everything.
void join(const TrafficRecord& end, TrafficRecord& message) {
  message.sent = std::min(message.sent, end.sent);
  message.completed = std::min(message.completed, end.completed);
  message.damaged = message.damaged || end.damaged;
}

bool is_whole(const TrafficRecord& message) {
  return message.sent != kNever && message.completed != kNever;
}

}  // namespace

MessageRecords::MessageRecords(std::span<const Traffic> traffics) {
  std::uint64_t records = 0;
  std::uint32_t flows = 0;
  for (const Traffic& traffic : traffics) {
    workloads_.push_back(
        {records, expected_records(traffic), flows, flows_of(traffic), traffic.contents});
    records += workloads_.back().records;
    flows += workloads_.back().flows;
  }
  ends_.resize(records);
}

std::optional<RequestRecord> MessageRecords::add(const TrafficRecord& record) {
  SOLITON_CHECK(record.workload < workloads_.size());
  const Workload& workload = workloads_[record.workload];
  const std::uint64_t at = std::uint64_t{record.number} * workload.flows + record.flow;
  SOLITON_CHECK(record.flow < workload.flows && at < workload.records);
  TrafficRecord& message = ends_[workload.first + at];
  const bool was_whole = is_whole(message);
  join(record, message);
  if (was_whole || !is_whole(message)) return std::nullopt;
  return row(workload, at);
}

std::vector<RequestRecord> MessageRecords::rows(std::size_t number) const {
  const Workload& workload = workloads_[number];
  std::vector<RequestRecord> out;
  for (std::uint64_t at = 0; at < workload.records; ++at)
    if (is_whole(ends_[workload.first + at])) out.push_back(row(workload, at));
  return out;
}

std::int64_t MessageRecords::sent(std::size_t number) const {
  const auto first = ends_.begin() + static_cast<std::ptrdiff_t>(workloads_[number].first);
  return std::count_if(
      first, first + static_cast<std::ptrdiff_t>(workloads_[number].records),
      [](const TrafficRecord& m) { return m.sent != kNever || m.completed != kNever; });
}

RequestRecord MessageRecords::row(const Workload& workload, std::uint64_t number) const {
  const TrafficRecord& message = ends_[workload.first + number];
  RequestRecord row;
  row.request = RequestId{static_cast<std::uint32_t>(workload.first + number)};
  row.client = workload.first_flow + static_cast<std::uint32_t>(number % workload.flows);
  row.sent = message.sent;
  row.completed = message.completed;
  // Traffic has no device and no host work: all of its latency is network.
  row.path.network = row.completed - row.sent;
  if (workload.contents) row.matches = !message.damaged;
  return row;
}

}  // namespace soliton
