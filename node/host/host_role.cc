#include "node/host/host_role.h"

#include <fmt/format.h>

#include <algorithm>

#include "node/service/flow.h"
#include "protocol/base/check.h"
#include "protocol/isa/host_time.h"

namespace soliton {
namespace {

Payload as_payload(std::span<const Half> values) {
  Payload out;
  out.append(std::as_bytes(values));
  return out;
}

}  // namespace

HostRole::HostRole(const HostShard& shard, const InputSource& inputs, const HostOptions& options,
                   const std::vector<std::string>& node_names, TraceBuffer* trace)
    : shard_(shard),
      inputs_(inputs),
      options_(options),
      trace_(trace),
      received_counts_(shard.replies.size()) {
  for (const HostShard::StepPort& port : shard.inputs) {
    std::vector<NodeId> peers;
    for (const OutPort::Destination& destination : port.destinations) {
      const auto found = std::find(node_names.begin(), node_names.end(), destination.peer);
      SOLITON_CHECK_MSG(found != node_names.end(), "no node \"{}\"", destination.peer);
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
  for (std::uint32_t client = 0; client < options_.clients; ++client) waiting_.emplace(at, client);
}

Instant HostRole::next_deadline() const {
  Instant next = outbox_.next();
  if (!waiting_.empty() && next_request_ < options_.requests)
    next = std::min(next, waiting_.begin()->first);
  if (!completions_.empty()) next = std::min(next, completions_.begin()->first);
  return next;
}

void HostRole::on_deadline(Instant now) {
  finish_due(now);
  while (!waiting_.empty() && waiting_.begin()->first <= now && next_request_ < options_.requests) {
    const std::uint32_t client = waiting_.begin()->second;
    waiting_.erase(waiting_.begin());
    begin_request(client, now);
  }
}

Instant HostRole::occupy_cpu(Instant now, Duration work, Breakdown& path, std::uint32_t request) {
  if (options_.time == TimeBase::kWall || work == Duration{}) return now;
  const Instant begin = std::max(now, cpu_free_);
  path.queue += begin - now;
  path.host += work;
  busy_ += work;
  cpu_free_ = begin + work;
  if (traced(request))
    trace_->record({begin, work, options_.self, TraceKind::kHostWork, request, 0, 0});
  return cpu_free_;
}

void HostRole::begin_request(std::uint32_t client, Instant now) {
  const std::uint32_t request = next_request_++;
  Open open;
  open.client = client;
  open.steps = inputs_.steps(request);
  open.sent = now;
  open.replies.resize(shard_.replies.size());
  open.missing =
      shard_.replies.size() * static_cast<std::size_t>(shard_.sequence_output ? open.steps : 1);
  Breakdown path;
  const Instant ready = occupy_cpu(now, host_time_before(shard_, open.steps), path, request);
  send_steps(request, open, ready, path);
  open_.emplace(request, std::move(open));
}

// Step by step, each to all ports and their destinations: the order the network sees, and the cost
// model counts on.
void HostRole::send_steps(std::uint32_t request, const Open& open, Instant at,
                          const Breakdown& path) {
  std::vector<Half> vectors;
  if (functional(request)) vectors = before(shard_, inputs_.request(request, shard_));
  const auto width = static_cast<std::size_t>(shard_.input);
  const DataHeader header{RequestId{request}, 0, static_cast<std::uint16_t>(open.steps), open.sent,
                          path};
  const auto step_vector = [&](std::int64_t step) {
    if (!vectors.empty())
      return as_payload(std::span(vectors).subspan(static_cast<std::size_t>(step) * width, width));
    return Payload{{}, 2 * width};
  };
  for (std::int64_t step = 0; step < open.steps; ++step)
    for (std::size_t port = 0; port < shard_.inputs.size(); ++port)
      send_step(header, port,
                step_vector(shard_.inputs[port].reversed ? open.steps - 1 - step : step), at);
}

void HostRole::send_step(const DataHeader& header, std::size_t port, Payload vector, Instant at) {
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
                      static_cast<std::int64_t>(kDataHeaderBytes + vector.size()),
                      index(peer)});
    outbox_.add(at, peer, addressed, vector);
  }
}

void HostRole::on_message(NodeId peer, Payload message, Instant now) {
  Result<DataMessage> data = unpack_data(message);
  const auto open = data ? open_.find(index(data->header.request)) : open_.end();
  if (open == open_.end() || data->header.port >= shard_.replies.size()) {
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
  Open done = std::move(open->second);
  const std::uint32_t request = open->first;
  open_.erase(open);
  complete(request, std::move(done));
}

void HostRole::complete(std::uint32_t request, Open open) {
  Completion completion;
  completion.request = request;
  HostRecord& record = completion.record;
  record = {RequestId{request}, open.client, open.steps, open.sent, {}, open.last.path, {}};
  record.completed =
      occupy_cpu(open.last.at, host_time_after(shard_, open.steps), record.path, request);
  if (functional(request))
    record.output = after(shard_, assemble(shard_, open.steps, open.replies));
  completion.at = record.completed;
  completions_.emplace(completion.at, std::move(completion));
}

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
    waiting_.emplace(done.record.completed + options_.think, done.record.client);
    records_.push_back(std::move(done.record));
  }
}

std::vector<std::string> HostRole::describe_outstanding() const {
  std::vector<std::string> out;
  for (const auto& [request, open] : open_) {
    out.push_back(fmt::format(
        "client {} waits for {} of {} answers to request {}", open.client, open.missing,
        shard_.replies.size() * static_cast<std::size_t>(shard_.sequence_output ? open.steps : 1),
        request));
    if (out.size() == 4) break;
  }
  return out;
}

}  // namespace soliton
