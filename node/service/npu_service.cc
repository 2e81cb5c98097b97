#include "node/service/npu_service.h"

#include <fmt/format.h>

#include <algorithm>

#include "node/service/flow.h"
#include "protocol/base/check.h"
#include "protocol/base/path.h"
#include "protocol/isa/shard_steps.h"

namespace soliton {
namespace {

// Limit on the chain events of one node in a trace.
constexpr std::size_t kChainEvents = 100'000;

NodeId node_named(const std::vector<std::string>& names, const std::string& name) {
  const auto found = std::find(names.begin(), names.end(), name);
  SOLITON_CHECK_MSG(found != names.end(), "no node \"{}\"", name);
  return NodeId{static_cast<std::uint32_t>(found - names.begin())};
}

}  // namespace

NpuService::NpuService(const Shard& shard, const NpuServiceOptions& options,
                       const std::vector<std::string>& node_names, TraceBuffer* trace)
    : shard_(shard),
      counts_steps_(counts_steps(shard)),
      options_(options),
      turn_(options.turn == nullptr ? &own_turn_ : options.turn),
      trace_(trace),
      chain_trace_(trace ? kChainEvents : 0) {
  for (const OutPort& port : shard.out_ports) {
    first_peer_.push_back(out_peers_.size());
    for (const OutPort::Destination& destination : port.destinations)
      out_peers_.push_back(node_named(node_names, destination.peer));
  }
  sent_.resize(out_peers_.size());
  received_.resize(shard.in_ports.size());
  make_npus();
}

void NpuService::make_npus() {
  if (options_.functional_every != 0)
    functional_ =
        std::make_unique<Npu>(shard_, ComputeMode::kFunctional, options_.self, &chain_trace_);
  if (functional_ && options_.given_up != nullptr) functional_->give_up_when(*options_.given_up);
  if (options_.functional_every != 1)
    timing_ = std::make_unique<Npu>(shard_, ComputeMode::kTiming, options_.self, &chain_trace_);
}

// The state of a program begins anew with each request, so an NPU that is made anew has lost nothing.
void NpuService::restart(std::uint32_t first, Instant now) {
  before_ = stats();
  make_npus();
  active_ = nullptr;
  if (serving_) turn().taken = false;
  serving_ = false;
  current_ = first;
  turn().free_at = now;
  held_.clear();
  outbox_ = Outbox();
}

// A message does not say how many lanes it has; its size does. All messages of a request must
// agree.
std::uint32_t NpuService::lanes_of(const DataMessage& message) const {
  const DataHeader& header = message.header;
  if (header.port >= shard_.in_ports.size() || index(header.request) < current_ ||
      npu_for(header) == nullptr)
    return 0;
  const std::uint64_t lane = shard_.in_ports[header.port].elements * sizeof(Half);
  const std::uint64_t size = message.vectors.size();
  if (lane == 0 || size % lane != 0 || size / lane > shard_.batch) return 0;
  const auto lanes = static_cast<std::uint32_t>(size / lane);
  if (serving_ && index(header.request) == current_) return lanes == current_lanes_ ? lanes : 0;
  const auto held = held_.find(index(header.request));
  return held == held_.end() || held->second.front().lanes == lanes ? lanes : 0;
}

void NpuService::on_message(NodeId peer, Payload message, Instant now) {
  Result<DataMessage> data = unpack_data(message);
  if (!data) {
    ++refused_;
    return;
  }
  take(peer, std::move(*data), now);
  // Finishing one request may make the next one ready.
  while (may_begin()) begin_next();
}

// Messages of the current request go to the NPU at once; later ones wait until all requests before
// theirs are done.
bool NpuService::take(NodeId peer, DataMessage message, Instant now) {
  DataHeader& header = message.header;
  const std::uint16_t port = header.port;
  header.port = static_cast<std::uint16_t>(port - options_.first_port);
  const std::uint32_t lanes = port < options_.first_port ? 0 : lanes_of(message);
  if (lanes == 0) {
    ++refused_;
    return false;
  }
  const std::uint32_t count = received_[header.port]++;
  if (traced(index(header.request)))
    trace_->record({now, arrival_of(header, now).path.network, options_.self,
                    TraceKind::kMessageReceived, flow_number(options_.self, port, count),
                    static_cast<std::int64_t>(kDataHeaderBytes + message.vectors.size()),
                    index(peer)});
  wall_now_ = now;
  Held held{header, lanes, std::move(message.vectors), arrival_of(header, now)};
  if (!serving_ || index(header.request) != current_) {
    held_[index(header.request)].push_back(std::move(held));
    return true;
  }
  path_ = held.arrival.path;
  deliver(held);
  drain_outputs();
  finish_if_done();
  return true;
}

// State that the request before sent does not say how many steps this one has.
bool NpuService::ready() const {
  const auto held = held_.find(current_);
  return held != held_.end() && (!counts_steps_ || std::ranges::any_of(held->second, says_steps));
}

// The state that a request brings along was sent with the request before, so the latest of its
// messages says when the client sent it. The NPU wants all paths to begin at one instant.
void NpuService::deliver(const Held& held) {
  current_header_.started = std::max(current_header_.started, held.header.started);
  active_->deliver(held.header.port, held.vectors, since(held.arrival, origin_));
}

// A request starts with its first message to arrive that says its steps. If the device is still busy with an earlier
// request, the wait counts as queueing.
void NpuService::begin_next() {
  std::vector<Held> messages = std::move(held_.begin()->second);
  SOLITON_CHECK(held_.begin()->first == current_);
  held_.erase(held_.begin());
  const auto known = std::ranges::find_if(messages, says_steps);
  const Held& first = known == messages.end() ? messages.front() : *known;
  current_header_ = first.header;
  origin_ = current_header_.started;
  current_lanes_ = first.lanes;
  Arrival start = first.arrival;
  if (turn().free_at > start.at) {
    start.path.queue += turn().free_at - start.at;
    start.at = turn().free_at;
  }
  path_ = messages.back().arrival.path;
  path_.queue += wall_now_ - messages.back().arrival.at;
  active_ = npu_for(current_header_);
  began_ = start.at;
  busy_before_ = active_->stats().busy;
  serving_ = turn().taken = true;
  chain_trace_.pause(!traced(current_));
  active_->begin(current_header_.request, current_header_.steps, start, current_lanes_);
  for (const Held& held : messages) deliver(held);
  drain_outputs();
  finish_if_done();
}

void NpuService::drain_outputs() {
  while (std::optional<NpuOutput> output = active_->poll_output()) send(*output);
}

void NpuService::send(const NpuOutput& output) {
  const OutPort& port = shard_.out_ports[output.port];
  for (std::size_t i = 0; i < port.destinations.size(); ++i) {
    const NodeId peer = out_peers_[first_peer_[output.port] + i];
    if (peer == options_.self) {
      active_->deliver(port.destinations[i].port, output.vectors, output.leaves);
      continue;
    }
    send_to(peer, port.destinations[i].port, first_peer_[output.port] + i, output);
  }
}

// In wall time a message leaves now, with the path of the message that caused it; the outbox adds
// the time spent on values. In emulated time both come from the timing model.
void NpuService::send_to(NodeId peer, std::uint16_t port, std::size_t flow,
                         const NpuOutput& output) {
  DataHeader header = current_header_;
  header.port = port;
  const bool wall = options_.time == TimeBase::kWall;
  const Instant at = wall ? wall_now_ : output.leaves.at;
  header.path = since({at, wall ? path_ : output.leaves.path}, header.started).path;
  const std::uint32_t count = sent_[flow]++;
  if (traced(current_))
    trace_->record({at, header.path.network, options_.self, TraceKind::kMessageSent,
                    flow_number(peer, port, count),
                    static_cast<std::int64_t>(kDataHeaderBytes + output.vectors.size()),
                    index(peer)});
  outbox_.add(at, peer, header, output.vectors);
}

void NpuService::finish_if_done() {
  if (!active_->finished()) return;
  turn() = {false, active_->free_at()};
  device_time_.add(active_->stats().busy - busy_before_);
  for (const TraceEvent& event : chain_trace_.take()) trace_->record(event);
  if (traced(current_))
    trace_->record(
        {began_, turn().free_at - began_, options_.self, TraceKind::kServe, current_, 0, 0});
  serving_ = false;
  ++current_;
}

std::optional<RoleMessage> NpuService::poll_message(Instant now) {
  return outbox_.poll(now, options_.time, &Breakdown::compute);
}

std::vector<std::string> NpuService::describe_outstanding() const {
  std::vector<std::string> out;
  if (serving_)
    out.push_back(fmt::format("request {} waits for {}", current_, active_->waiting_for()));
  if (!serving_ && !held_.empty())
    out.push_back(fmt::format("request {} has arrived, but request {} has not",
                              held_.begin()->first, current_));
  return out;
}

NpuStats NpuService::stats() const {
  NpuStats total = before_;
  if (functional_) total.merge(functional_->stats());
  if (timing_) total.merge(timing_->stats());
  return total;
}

void NpuService::add_stats(RoleStats& to) const {
  to.npu.merge(stats());
  to.device_time.merge(device_time_);
}

}  // namespace soliton
