#include "node/host/host_role.h"

#include <fmt/format.h>

#include <algorithm>

#include "node/service/flow.h"
#include "protocol/base/check.h"
#include "protocol/isa/host_time.h"

namespace soliton {

HostRole::HostRole(const HostShard& shard, const InputSource& inputs, const HostOptions& options,
                   const std::vector<std::string>& node_names, TraceBuffer* trace)
    : shard_(shard),
      inputs_(inputs),
      options_(options),
      trace_(trace),
      received_counts_(shard.replies.size()),
      schedule_(options_, inputs.seed),
      batcher_(options.batch, options.batch_wait) {
  for (const HostShard::StepPort& port : shard.inputs) {
    std::vector<NodeId> peers;
    for (const OutPort::Destination& destination : port.destinations) {
      const auto found = std::find(node_names.begin(), node_names.end(), destination.peer);
      SOLITON_CHECK_MSG(found != node_names.end(), "there is no node \"{}\"", destination.peer);
      peers.push_back(NodeId{static_cast<std::uint32_t>(found - node_names.begin())});
    }
    sent_counts_.emplace_back(peers.size());
    peers_.push_back(std::move(peers));
  }
}

void HostRole::start(Instant at) {
  SOLITON_CHECK(!started_);
  started_ = true;
  cpu_free_ = at;
  schedule_.start(at);
}

Instant HostRole::next_deadline() const {
  Instant next = std::min(outbox_.next(), batcher_.next_deadline());
  next = std::min(next, schedule_.next_deadline());
  if (!completions_.empty()) next = std::min(next, completions_.begin()->first);
  return next;
}

// Answers first: a client without think time sends its next request at the instant of its answer.
// Batches whose wait is over come last, so that the requests of this instant still join them.
void HostRole::on_deadline(Instant now) {
  finish_due(now);
  while (const std::optional<ClientSchedule::Due> due = schedule_.take_due(now))
    begin_request(*due, now);
  while (std::optional<Batch> batch = batcher_.take_due(now)) begin_batch(std::move(*batch), now);
}

// The host has one CPU that works on batches in order of their requests for it. In wall time the
// real work takes its real time, so nothing is modelled.
Instant HostRole::occupy_cpu(Instant now, Duration work, Breakdown& path, std::uint32_t request) {
  if (options_.time == TimeBase::kWall || work == Duration{}) return now;
  const Instant begin = std::max(now, cpu_free_);
  cpu_free_ = later(begin, work);
  path.queue += begin - now;
  path.host += cpu_free_ - begin;
  busy_ = sum(busy_, work);
  if (traced(request))
    trace_->record({begin, work, options_.self, TraceKind::kHostWork, request, 0, 0});
  return cpu_free_;
}

bool HostRole::functional(const Batch& batch) const {
  return std::ranges::any_of(
      batch.members, [this](const BatchMember& member) { return functional(member.request); });
}

std::size_t HostRole::reply_messages(const Batch& batch) const {
  return shard_.replies.size() * static_cast<std::size_t>(shard_.sequence_output ? batch.steps : 1);
}

void HostRole::begin_request(const ClientSchedule::Due& due, Instant now) {
  std::optional<Batch> full =
      batcher_.add(inputs_.steps(due.request), {due.request, due.client, now});
  if (full) begin_batch(std::move(*full), now);
}

void HostRole::begin_batch(Batch batch, Instant now) {
  const std::uint32_t number = next_batch_++;
  // The CPU does the work of one request after the other, so a batch costs as much as its requests
  // apart.
  const auto lanes = static_cast<std::int64_t>(batch.members.size());
  DataHeader header;
  header.request = RequestId{number};
  header.steps = static_cast<std::uint16_t>(batch.steps);
  header.functional = functional(batch);
  header.started = now;
  const Instant ready = occupy_cpu(now, times(host_time_before(shard_, batch.steps), lanes),
                                   header.path, batch.members.front().request);
  send_steps(header, batch, ready);
  Open open{std::move(batch), now, {}, 0, {}};
  open.replies.resize(shard_.replies.size());
  open.missing = reply_messages(open.batch);
  open_.emplace(number, std::move(open));
}

// Sends step by step, and in each step to all ports and their destinations. The cost model plays
// messages in this order, so predictions depend on it.
void HostRole::send_steps(const DataHeader& header, const Batch& batch, Instant at) {
  std::vector<std::vector<Half>> lanes;
  if (header.functional)
    for (const BatchMember& member : batch.members)
      lanes.push_back(before(shard_, inputs_.request(member.request, shard_)));
  const auto width = static_cast<std::size_t>(shard_.input);
  const auto slices = [&](const HostShard::StepPort& port, std::int64_t step) {
    const auto first = static_cast<std::size_t>(step) * width;
    const auto count = static_cast<std::size_t>(shard_.elements_of(port));
    Payload out;
    for (const std::vector<Half>& lane : lanes)
      out.append(std::as_bytes(
          std::span(lane).subspan(first + static_cast<std::size_t>(port.offset), count)));
    // Nothing is computed: the vectors have their size only, so that times are the same.
    if (lanes.empty()) out.ghost = sizeof(Half) * count * batch.members.size();
    return out;
  };
  for (std::int64_t step = 0; step < batch.steps; ++step)
    for (std::size_t port = 0; port < shard_.inputs.size(); ++port) {
      const HostShard::StepPort& input = shard_.inputs[port];
      send_step(header, port, slices(input, input.reversed ? batch.steps - 1 - step : step), at);
    }
}

void HostRole::send_step(const DataHeader& header, std::size_t port, Payload vectors, Instant at) {
  const HostShard::StepPort& input = shard_.inputs[port];
  for (std::size_t i = 0; i < input.destinations.size(); ++i) {
    DataHeader addressed = header;
    addressed.port = input.destinations[i].port;
    const NodeId peer = peers_[port][i];
    const std::uint32_t count = sent_counts_[port][i]++;
    if (traced(index(header.request)))
      trace_->record({at,
                      {},
                      options_.self,
                      TraceKind::kMessageSent,
                      flow_number(peer, addressed.port, count),
                      static_cast<std::int64_t>(kDataHeaderBytes + vectors.size()),
                      index(peer)});
    outbox_.add(at, peer, addressed, vectors);
  }
}

// A batch is complete with its last message, whose path becomes the critical path of the batch: all
// replies are needed, and this one was the latest.
void HostRole::on_message(NodeId peer, Payload message, Instant now) {
  Result<DataMessage> data = unpack_data(message);
  const auto open = data ? open_.find(index(data->header.request)) : open_.end();
  // Late, repeated or of a wrong size: it is counted and has no other effect.
  if (open == open_.end() || data->header.port >= shard_.replies.size() ||
      data->vectors.size() != lane_bytes(data->header.port) * open->second.batch.members.size()) {
    ++duplicated_;
    return;
  }
  const std::uint16_t port = data->header.port;
  const std::uint32_t count = received_counts_[port]++;
  if (traced(open->first))
    trace_->record({now,
                    {},
                    options_.self,
                    TraceKind::kMessageReceived,
                    flow_number(options_.self, port, count),
                    static_cast<std::int64_t>(message.size()),
                    index(peer)});
  open->second.replies[port].push_back(std::move(data->vectors));
  open->second.last = arrival_of(data->header, now);
  if (--open->second.missing > 0) return;
  const Open done = std::move(open->second);
  // Closed before it completes: a repeated reply finds nothing from here on.
  open_.erase(open);
  complete(done);
}

void HostRole::complete(const Open& open) {
  for (std::size_t lane = 0; lane < open.batch.members.size(); ++lane) complete_lane(open, lane);
}

// The path of a batch starts when the batch does; the time its request waited for the batch to fill
// is added as queueing. The record is held until the instant at which the host's work ends. All
// lanes have their answer at one instant; the CPU then works on one after the other, which
// occupy_cpu() books as queueing.
void HostRole::complete_lane(const Open& open, std::size_t lane) {
  const BatchMember& member = open.batch.members[lane];
  Completion completion;
  completion.request = member.request;
  HostRecord& record = completion.record;
  record.request = RequestId{member.request};
  record.client = member.client;
  record.steps = open.batch.steps;
  record.sent = member.sent;
  record.path = open.last.path;
  record.path.queue += open.began - member.sent;
  record.completed = occupy_cpu(open.last.at, host_time_after(shard_, open.batch.steps),
                                record.path, member.request);
  if (functional(member.request)) {
    std::vector<std::vector<Payload>> replies(open.replies.size());
    for (std::size_t port = 0; port < replies.size(); ++port)
      for (const Payload& message : open.replies[port])
        replies[port].push_back(message.slice(lane * lane_bytes(port), lane_bytes(port)));
    record.output = after(shard_, assemble(shard_, open.batch.steps, replies));
  }
  completion.at = record.completed;
  completions_.emplace(completion.at, std::move(completion));
}

// In wall time the answer is complete when its work has really been done, which is now.
void HostRole::finish_due(Instant now) {
  while (!completions_.empty() && completions_.begin()->first <= now) {
    Completion done = std::move(completions_.begin()->second);
    completions_.erase(completions_.begin());
    ++completed_;
    if (options_.time == TimeBase::kWall) {
      done.record.path.host += now - done.at;
      done.record.completed = now;
    }
    if (traced(done.request))
      trace_->record({done.record.sent, done.record.completed - done.record.sent, options_.self,
                      TraceKind::kRequest, done.request, done.record.client, 0});
    schedule_.answered(done.record.client, done.record.completed);
    records_.push_back(std::move(done.record));
  }
}

std::vector<std::string> HostRole::describe_outstanding() const {
  std::vector<std::string> out;
  for (const auto& [number, open] : open_) {
    const std::vector<BatchMember>& members = open.batch.members;
    const std::string more =
        members.size() == 1 ? "" : fmt::format(" and {} more of its batch", members.size() - 1);
    out.push_back(fmt::format("client {} waits for {} of {} answers to request {}{}",
                              members.front().client, open.missing, reply_messages(open.batch),
                              members.front().request, more));
    // The first few tell what the host waits for; the list is for a person.
    if (out.size() == 4) break;
  }
  for (const auto& [steps, members] : batcher_.forming())
    out.push_back(fmt::format("request {} waits for its batch to fill: {} of {} are there",
                              members.front().request, members.size(), batcher_.size()));
  return out;
}

void HostRole::hand_over(Records& to) {
  std::move(records_.begin(), records_.end(), std::back_inserter(to.requests));
  records_.clear();
}

void HostRole::add_stats(RoleStats& to) const {
  to.sent += sent();
  to.duplicated += duplicated();
  to.host_busy += busy();
}

}  // namespace soliton
