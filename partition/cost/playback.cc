#include "partition/cost/playback.h"

#include <algorithm>

#include "protocol/base/check.h"
#include "protocol/base/path.h"

namespace soliton {
namespace {

constexpr std::int64_t kValueBytes = 2;  // fp16

// The engine lets no node get ahead of what the clients are still to receive by more than a packet
// takes from there. `clients`: their endpoint.
Duration most_ahead(const CostRequest& request, const PlaybackNetwork& network,
                    std::size_t clients) {
  Duration out{};
  if (request.topology == nullptr || request.latency_limit >= kLongestTime) return out;
  for (std::size_t i = 0; i < request.shards.size() + request.hosts.size(); ++i) {
    if (i == clients) continue;
    const auto ways = network.routes()->ways(network.number(clients), network.number(i));
    out = std::max(out, transfer_times(*network.topology(), ways, Bytes{0}).most);
  }
  return out;
}

// A request that does not end before emulated time does: its path is that of the last message,
// and if that left in time, the way of it.
Prediction beyond_time(Prediction out, const Arrival& latest) {
  out.latency = out.last_output = out.interval = kLongestTime;
  out.path = latest.path;
  if (latest.at < kRunEnd) out.path.network += kRunEnd - latest.at;
  out.occupied.assign(out.busy.size(), kLongestTime);
  out.busy.assign(out.busy.size(), kLongestTime);
  return out;
}

}  // namespace

Playback::Playback(const CostRequest& request)
    : request_(request),
      network_(request),
      load_(network_.topology(), network_.routes(), request.mtu, packets_shared(request.ltl)),
      flow_(network_.flow_options(),
            [this](const FlowMessage& message, Instant at) { deliver(message, at); }) {
  std::map<std::string, std::size_t> endpoints;
  for (const Shard& shard : request.shards) {
    devices_.emplace_back(shard, request.batch);
    endpoints.emplace(shard.node, endpoints.size());
  }
  for (const PricedHost& host : request.hosts) {
    if (host.clients) clients_ = endpoints.size();
    endpoints.emplace(host.node, endpoints.size());
  }
  resolve(endpoints);
  out_.occupied.resize(devices_.size());
  out_.busy.resize(devices_.size());
  out_.received_bytes.resize(devices_.size());
  most_ahead_ = most_ahead(request, network_, clients_);
}

Prediction Playback::run() {
  begin();
  const bool ended = flow_.run();
  if (out_.over_limit) return std::move(out_);
  if (!ended || sent_ >= kRunEnd) return beyond_time(std::move(out_), latest_);
  finish();
  return std::move(out_);
}

void Playback::resolve(const std::map<std::string, std::size_t>& endpoints) {
  const auto endpoint_of = [&](const std::string& node) { return endpoints.at(node); };
  for (const PricedHost& host : request_.hosts) hosts_.emplace_back(host, endpoint_of);
  for (const Shard& shard : request_.shards) {
    first_destination_.emplace_back();
    for (const OutPort& port : shard.out_ports) {
      first_destination_.back().push_back(destinations_.size());
      for (const auto& to : port.destinations) destinations_.push_back(endpoint_of(to.peer));
    }
  }
}

void Playback::send(const FlowMessage& message, std::int64_t tensor_bytes) {
  const std::size_t from = message.source, to = message.destination;
  if (from != to && message.leaves.at > latest_.at) latest_ = message.leaves;
  if (from == to) return send_to_itself(message);
  if (last()) {
    out_.cut_bytes += tensor_bytes;
    ++out_.messages;
    if (!is_host(to)) out_.received_bytes[to] += tensor_bytes;
    if (request_.topology != nullptr)
      load_.add(network_.number(from), network_.number(to), message.bytes);
  }
  flow_.send(message);
}

// A way back to the node itself takes no time and never leaves it. A device takes what it sends
// itself with its instant, and so do the clients; parts of a host take their turns on its CPU.
void Playback::send_to_itself(const FlowMessage& message) {
  if (!is_host(message.source)) return devices_[message.source].take(message);
  if (host(message.source).is_reply(message.port)) return take_reply(message);
  flow_.send(message);
}

// What leaves a host together: step by step, each to all ports, as the host roles do.
void Playback::depart(std::size_t from, const PlayedHost::Departure& what, std::uint32_t request,
                      Instant started, const Arrival& leaves) {
  FlowMessage message;
  message.source = from;
  message.started = started;
  message.leaves = leaves;
  bool more = true;
  for (std::int64_t step = 0; more; ++step) {
    more = false;
    for (std::size_t k = 0; k < what.to.size(); ++k) {
      const PricedSend& it = (*what.sends)[k];
      if (step >= it.messages) continue;
      more = more || step + 1 < it.messages;
      message.destination = what.to[k];
      message.port = it.port;
      message.request = request + (it.next_request ? 1 : 0);
      message.steps = it.steps;
      message.bytes = kCostMessageHeaderBytes + it.bytes;
      send(message, it.tensor_bytes);
    }
  }
}

void Playback::begin() {
  const PlayedHost& clients = host(clients_);
  const Arrival now{sent_, {}};
  depart(clients_, clients.sends(), request_number_, sent_, now);
  if (request_number_ == 0) depart(clients_, clients.initial(), 0, sent_, now);
}

// An answer that is not complete by the limit will be later, and a device that is still to read a
// message is occupied until then.
bool Playback::over_limit(const FlowMessage& message, Instant at) const {
  if (!last()) return false;
  const Duration ahead = message.destination == clients_ ? Duration{} : most_ahead_;
  if (at - sent_ > sum(request_.latency_limit, ahead)) return true;
  if (load_.busiest() > request_.interval_limit) return true;
  if (is_host(message.destination)) return false;
  const PlayedDevice& device = devices_[message.destination];
  return device.serves(message) && at - device.began() > request_.interval_limit;
}

// Over a limit nothing is taken any more, so what is under way comes to an end.
void Playback::deliver(FlowMessage message, Instant at) {
  out_.over_limit = out_.over_limit || over_limit(message, at);
  if (out_.over_limit) return;
  const Instant left = message.leaves.at;
  message.leaves.path.network += at - left;
  message.leaves.at = at;
  if (is_host(message.destination)) return deliver_to_host(message, left);
  deliver_to_device(message);
}

void Playback::deliver_to_device(const FlowMessage& message) {
  PlayedDevice& device = devices_[message.destination];
  if (device.serves(message)) {
    device.take(message);
    drain(message.destination);
  } else {
    device.hold(message);
  }
  while (device.begin_next()) drain(message.destination);
}

void Playback::drain(std::size_t endpoint) {
  PlayedDevice& device = devices_[endpoint];
  FlowMessage message;
  message.source = endpoint;
  while (const auto output = device.poll_output()) {
    const OutPort& port = request_.shards[endpoint].out_ports[output->port];
    const std::int64_t bytes = kValueBytes * port.elements;
    message.request = device.request();
    message.steps = device.steps();
    message.started = device.started();
    message.leaves = since(output->leaves, device.started());
    message.bytes = kCostMessageHeaderBytes + request_.batch * bytes;
    const std::size_t first = first_destination_[endpoint][output->port];
    for (std::size_t k = 0; k < port.destinations.size(); ++k) {
      message.destination = destinations_[first + k];
      message.port = port.destinations[k].port;
      send(message, bytes);
    }
  }
  if (!device.end_request()) return;
  out_.occupied[endpoint] = device.occupied();
  out_.busy[endpoint] = device.busy();
}

void Playback::deliver_to_host(const FlowMessage& message, Instant left) {
  if (last() && !is_host(message.source))
    out_.last_output = std::max(out_.last_output, left - sent_);
  PlayedHost& it = host(message.destination);
  if (it.is_reply(message.port)) {
    take_reply(message);
  } else {
    it.take(message);
    while (const auto fired = it.poll())
      depart(message.destination, *fired->departure, fired->request, fired->started, fired->leaves);
  }
  if (replies_ == host(clients_).replies_due()) answer();
}

void Playback::take_reply(const FlowMessage& message) {
  ++replies_;
  if (message.leaves.at >= last_reply_.at) last_reply_ = message.leaves;
}

// The client sends its next request at once.
void Playback::answer() {
  out_.path = since(last_reply_, sent_).path;
  out_.latency = last_reply_.at - sent_;
  replies_ = 0;
  if (request_number_++ == request_.before) return;
  sent_ = last_reply_.at;
  begin();
}

void Playback::finish() {
  for (std::size_t i = 0; i < devices_.size(); ++i)
    SOLITON_CHECK_MSG(devices_[i].request() == request_.before + 1, "{} still waits for {}",
                      request_.shards[i].node, devices_[i].waiting_for());
  SOLITON_CHECK_MSG(request_number_ == request_.before + 1,
                    "only {} replies to request {} have arrived", replies_, request_number_);
  for (const Duration occupied : out_.occupied) out_.interval = std::max(out_.interval, occupied);
  out_.interval = std::max(out_.interval, load_.busiest());
}

}  // namespace soliton
