#include "node/cpu/cpu_host.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "node/deployment/role_spec.h"
#include "node/service/flow.h"
#include "partition/ir/array_bytes.h"
#include "protocol/base/check.h"
#include "protocol/tensor/half.h"

namespace soliton {
namespace {

// The values of one message, of arrays of fp32 values or ghosts; `tokens`: of the request.
// `overflows` counts finite values that are beyond fp16.
Payload token_of(const StreamCut& cut, const LaneArrays& lanes, std::int64_t tokens,
                 std::int64_t step, std::uint64_t& overflows) {
  const auto count = static_cast<std::size_t>(cut.elements);
  if (!lanes.front().known()) return {{}, sizeof(Half) * count * lanes.size()};
  const std::int64_t token = cut.reversed ? tokens - 1 - step : step;
  std::vector<Half> halves;
  for (const ir::Array& array : lanes) {
    const std::int64_t first = token * (array.elements() / tokens) + cut.offset;
    for (const float value : array.as<float>().subspan(static_cast<std::size_t>(first), count)) {
      halves.push_back(to_half(value));
      overflows += std::isfinite(value) && !std::isfinite(to_float(halves.back()));
    }
  }
  Payload out;
  out.append(std::as_bytes(std::span(halves)));
  return out;
}

}  // namespace

CpuHost::CpuHost(const CpuSpec& spec, const CpuOptions& options,
                 const std::vector<std::string>& node_names, TraceBuffer* trace)
    : spec_(&spec), options_(options), names_(node_names), trace_(trace), cpu_(options.time) {
  make_parts();
  for (const GraphClients& clients : spec.clients) clients_.emplace_back(clients, options, trace);
  know_ports();
}

void CpuHost::make_parts() {
  parts_.clear();
  streams_.clear();
  for (const CpuPart& part : spec_->parts) parts_.emplace_back(part, spec_->device, cpu_);
  for (const StreamIn& stream : spec_->streams) streams_.emplace_back(stream, spec_->batch);
}

void CpuHost::know_ports() {
  uses_.clear();
  const auto know = [this](std::size_t first, std::size_t ports, const PortUse& use) {
    if (uses_.size() < first + ports) uses_.resize(first + ports);
    std::fill_n(uses_.begin() + static_cast<std::ptrdiff_t>(first), ports, use);
  };
  for (std::size_t c = 0; c < clients_.size(); ++c)
    for (const std::uint16_t port : clients_[c].ports())
      know(port, 1, {PortUse::Kind::kClients, c});
  for (std::size_t p = 0; p < spec_->parts.size(); ++p)
    know(spec_->parts[p].first_port, spec_->parts[p].graph.inputs.size(),
         {PortUse::Kind::kPart, p});
  for (std::size_t s = 0; s < spec_->streams.size(); ++s)
    know(spec_->streams[s].first_port, spec_->streams[s].slices.size(),
         {PortUse::Kind::kStream, s});
}

void CpuHost::adopt(const RoleSpec& spec) {
  spec_ = &spec.get<CpuSpec>();
  SOLITON_CHECK(spec_->clients.size() == clients_.size());
  make_parts();
  for (std::size_t c = 0; c < clients_.size(); ++c) clients_[c].adopt(spec_->clients[c]);
  know_ports();
}

bool CpuHost::serve(RequestSource& source) {
  for (ModelClients& clients : clients_) clients.serve(source);
  return !clients_.empty();
}

void CpuHost::start(Instant at) {
  for (ModelClients& clients : clients_) clients.start(at);
}

NodeId CpuHost::number_of(const std::string& node) const {
  const auto at = std::ranges::find(names_, node);
  SOLITON_CHECK_MSG(at != names_.end(), "no node \"{}\"", node);
  return NodeId{static_cast<std::uint32_t>(at - names_.begin())};
}

Instant CpuHost::next_deadline() const {
  Instant next = outbox_.next();
  for (const ModelClients& clients : clients_) next = std::min(next, clients.next_deadline());
  if (!local_.empty()) next = std::min(next, local_.begin()->first);
  return next;
}

// An array that arrives may make others that arrive at the same instant, hence the loop.
void CpuHost::on_deadline(Instant now) {
  while (!local_.empty() && local_.begin()->first <= now) {
    Local due = std::move(local_.begin()->second);
    local_.erase(local_.begin());
    on_arrays(due.header, std::move(due.arrays), due.arrival, now);
  }
  for (ModelClients& clients : clients_)
    while (const std::optional<Departure> leaves = clients.take_due(now)) send(*leaves);
}

std::uint32_t CpuHost::first_open() const {
  return clients_.empty() ? 0 : clients_.front().first_open();
}

void CpuHost::restart(std::uint32_t first, Instant now) {
  for (PartRunner& part : parts_) part.begin_with(first);
  for (StreamAssembler& stream : streams_) stream.begin_with(first);
  local_.clear();
  outbox_ = Outbox();
  std::vector<Departure> leaving;
  for (ModelClients& clients : clients_) clients.restart(first, now, leaving);
  for (const Departure& departure : leaving) send(departure);
}

void CpuHost::send(std::span<const Leaving> arrays, const BatchHead& batch, const Arrival& leaves) {
  std::vector<Stream> streams;
  for (const auto& [lanes, ports] : arrays)
    for (const PartPort& port : *ports) {
      DataHeader header;
      header.request = RequestId{batch.number + (port.next_request ? 1 : 0)};
      header.port = port.port;
      header.steps = port.next_request ? std::uint16_t{0} : batch.steps;
      header.functional = batch.functional;
      header.started = batch.started;
      header.path = leaves.path;
      const NodeId peer = number_of(port.node);
      if (port.stream) {
        streams.push_back({peer, header, &*port.stream, &lanes});
      } else if (peer == options_.self) {
        local_.emplace(leaves.at, Local{header, lanes, leaves});
      } else {
        Payload payload;
        ir::append_arrays(lanes, payload);
        send_away(peer, header, std::move(payload), leaves.at);
      }
    }
  send_streams(streams, leaves.at);
}

// Token by token, and each token to all ports, so that all FPGAs have the first one early. The cost
// model plays messages in this order, so predictions depend on it.
void CpuHost::send_streams(const std::vector<Stream>& streams, Instant at) {
  std::int64_t steps = 0;
  std::vector<LaneArrays> values;
  for (const Stream& stream : streams) {
    const std::int64_t tokens = tokens_in(stream.cut->tokens, stream.header.steps);
    LaneArrays& lanes = values.emplace_back();
    for (const ir::Array& array : *stream.lanes) {
      if (failure_.empty()) failure_ = misfit(*stream.cut, array, stream.header.steps);
      // FPGAs compute with real numbers only, and none are computed if the request is not
      // functional.
      lanes.push_back(stream.header.functional ? ir::converted(array, ir::ElementType::kFloat32)
                                               : array.forgotten());
    }
    if (!failure_.empty()) return;
    steps = std::max(steps, tokens);
  }
  for (std::int64_t step = 0; step < steps; ++step)
    for (std::size_t k = 0; k < streams.size(); ++k) {
      const Stream& stream = streams[k];
      const std::int64_t tokens = tokens_in(stream.cut->tokens, stream.header.steps);
      if (step >= tokens) continue;
      DataHeader header = stream.header;
      header.functional = values[k].front().known();
      if (stream.cut->steps != 0) header.steps = static_cast<std::uint16_t>(stream.cut->steps);
      send_away(stream.peer, header, token_of(*stream.cut, values[k], tokens, step, overflows_),
                at);
    }
}

void CpuHost::send_away(NodeId peer, const DataHeader& header, Payload payload, Instant at) {
  const std::uint32_t count = sent_counts_[{index(peer), header.port}]++;
  if (traced(index(header.request)))
    trace_->record({at, header.path.network, options_.self, TraceKind::kMessageSent,
                    flow_number(peer, header.port, count),
                    static_cast<std::int64_t>(kDataHeaderBytes + payload.size()), index(peer)});
  outbox_.add(at, peer, header, std::move(payload));
}

void CpuHost::on_message(NodeId peer, Payload message, Instant now) {
  const Result<DataMessage> data = unpack_data(message);
  if (!data) {
    ++duplicated_;
    return;
  }
  const DataHeader& header = data->header;
  if (const PortUse use = use_of(header.port); use.kind == PortUse::Kind::kStream)
    return on_stream(peer, use.number, *data, now);
  Result<std::vector<ir::Array>> arrays = ir::arrays_of(data->vectors);
  if (!arrays || arrays->empty() || arrays->size() > spec_->batch) {
    ++duplicated_;
    return;
  }
  record_received(peer, header, message.size(), now);
  on_arrays(header, std::move(*arrays), arrival_of(header, now), now);
}

void CpuHost::record_received(NodeId peer, const DataHeader& header, std::uint64_t bytes,
                              Instant now) {
  const std::uint32_t count = received_counts_[header.port]++;
  if (traced(index(header.request)))
    trace_->record({now, arrival_of(header, now).path.network, options_.self,
                    TraceKind::kMessageReceived, flow_number(options_.self, header.port, count),
                    static_cast<std::int64_t>(bytes), index(peer)});
}

void CpuHost::on_stream(NodeId peer, std::size_t stream, const DataMessage& message, Instant now) {
  if (!streams_[stream].on_message(message, now)) {
    ++duplicated_;
    return;
  }
  record_received(peer, message.header, kDataHeaderBytes + message.vectors.size(), now);
  while (std::optional<StreamAssembler::Done> done = streams_[stream].poll()) {
    const Leaving leaving{std::move(done->lanes), &spec_->streams[stream].to};
    send({&leaving, 1}, {done->request, done->started, done->steps, done->functional},
         done->arrival);
  }
}

void CpuHost::on_arrays(const DataHeader& header, LaneArrays arrays, const Arrival& arrival,
                        Instant now) {
  const PortUse use = use_of(header.port);
  if (use.kind == PortUse::Kind::kPart) {
    const std::size_t input = header.port - spec_->parts[use.number].first_port;
    if (!parts_[use.number].on_arrays(input, header, std::move(arrays), arrival)) ++duplicated_;
    return run_parts(use.number);
  }
  if (use.kind != PortUse::Kind::kClients) {
    ++duplicated_;
    return;
  }
  std::vector<Departure> leaving;
  if (!clients_[use.number].on_arrays(header, std::move(arrays), arrival, now, leaving))
    ++duplicated_;
  for (const Departure& departure : leaving) send(departure);
}

void CpuHost::run_parts(std::size_t part) {
  while (std::optional<PartRunner::Done> done = parts_[part].poll()) {
    if (traced(done->request) && options_.time == TimeBase::kEmulated)
      trace_->record({done->leaves.at - done->work, done->work, options_.self, TraceKind::kHostWork,
                      done->request, 0, 0});
    std::vector<Leaving> leaving;
    for (std::size_t k = 0; k < done->outputs.size(); ++k)
      leaving.push_back({std::move(done->outputs[k]), &spec_->parts[part].outputs[k]});
    send(leaving, {done->request, done->started, done->steps, done->functional}, done->leaves);
  }
}

bool CpuHost::finished() const {
  return std::ranges::any_of(clients_, &ModelClients::takes_part) &&
         std::ranges::all_of(clients_, &ModelClients::finished);
}

std::vector<std::string> CpuHost::describe_outstanding() const {
  constexpr std::size_t kMost = 4;
  std::vector<std::string> out;
  for (const ModelClients& clients : clients_) clients.describe(kMost, out);
  for (const PartRunner& part : parts_)
    if (std::string text = part.describe(); !text.empty()) out.push_back(std::move(text));
  for (const StreamAssembler& stream : streams_)
    if (std::string text = stream.describe(); !text.empty()) out.push_back(std::move(text));
  if (!failure_.empty()) out.push_back(failure_);
  return out;
}

void CpuHost::hand_over(Records& to) {
  for (ModelClients& clients : clients_) clients.hand_over(to.requests);
}

void CpuHost::add_stats(RoleStats& to) const {
  for (const ModelClients& clients : clients_) to.sent += clients.sent();
  to.duplicated += duplicated_;
  to.host_busy += cpu_.busy();
  to.npu.fp16_overflows += overflows_;
}

}  // namespace soliton
