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
  if (!spec.clients) return;
  const ClientWorkload& workload = spec.clients->workload;
  schedule_.emplace(workload, spec.clients->inputs.seed);
  batcher_.emplace(workload.batch, workload.batch_wait);
}

void CpuHost::make_parts() {
  parts_.clear();
  streams_.clear();
  for (const CpuPart& part : spec_->parts) parts_.emplace_back(part, spec_->device, cpu_);
  for (const StreamIn& stream : spec_->streams) streams_.emplace_back(stream, spec_->batch);
}

// Of another division of the same model: the clients, and what they wait for, stay.
void CpuHost::adopt(const RoleSpec& spec) {
  spec_ = &spec.get<CpuSpec>();
  SOLITON_CHECK(spec_->clients.has_value() == schedule_.has_value());
  make_parts();
}

void CpuHost::start(Instant at) {
  if (schedule_) schedule_->start(at);
}

NodeId CpuHost::number_of(const std::string& node) const {
  const auto at = std::ranges::find(names_, node);
  SOLITON_CHECK_MSG(at != names_.end(), "no node \"{}\"", node);
  return NodeId{static_cast<std::uint32_t>(at - names_.begin())};
}

Instant CpuHost::next_deadline() const {
  Instant next = outbox_.next();
  if (schedule_) next = std::min({next, schedule_->next_deadline(), batcher_->next_deadline()});
  if (!local_.empty()) next = std::min(next, local_.begin()->first);
  return next;
}

// An array that arrives may make others that arrive at the same instant, hence the loop. Batches
// whose wait is over come last, so that the requests of this instant still join them.
void CpuHost::on_deadline(Instant now) {
  while (!local_.empty() && local_.begin()->first <= now) {
    Local due = std::move(local_.begin()->second);
    local_.erase(local_.begin());
    on_arrays(due.header, std::move(due.arrays), due.arrival, now);
  }
  if (!schedule_) return;
  while (const std::optional<ClientSchedule::Due> due = schedule_->take_due(now)) {
    const std::int64_t steps = spec_->clients->inputs.steps(due->request);
    if (std::optional<Batch> full = batcher_->add(steps, {due->request, due->client, now}))
      begin_batch(std::move(*full), now);
  }
  while (std::optional<Batch> batch = batcher_->take_due(now)) begin_batch(std::move(*batch), now);
}

void CpuHost::begin_batch(Batch batch, Instant now) {
  const std::uint32_t number = next_batch_++;
  if (carries_state()) sent_batches_.push_back(batch);
  const std::size_t replies = spec_->clients->replies;
  Open& open = open_[number];
  open = {std::move(batch), now, std::vector<LaneArrays>(replies), replies, {}};
  send_batch(number, open.batch, now);
}

void CpuHost::send_batch(std::uint32_t number, const Batch& batch, Instant now) {
  const GraphClients& clients = *spec_->clients;
  const bool computed = std::ranges::any_of(
      batch.members, [this](const BatchMember& member) { return functional(member.request); });
  const auto sent = [&](const ir::Array& array) {
    return computed ? array : ir::without_numbers(array);
  };
  std::vector<Leaving> leaving;
  for (const std::vector<PartPort>& ports : clients.sends) leaving.push_back({{}, &ports});
  for (const BatchMember& member : batch.members) {
    const std::vector<ir::Array> inputs = clients.inputs.request(member.request);
    for (std::size_t k = 0; k < inputs.size(); ++k) leaving[k].lanes.push_back(sent(inputs[k]));
  }
  if (number == 0)
    for (const auto& [array, ports] : clients.initial) leaving.push_back({{sent(array)}, &ports});
  const Request request{number, now, static_cast<std::uint16_t>(batch.steps), computed};
  send(leaving, request, {now, {}});
}

// State is not kept where it passes, so a model that carries it is run again from its first request.
std::uint32_t CpuHost::first_open() const {
  if (carries_state()) return 0;
  return open_.empty() ? next_batch_ : open_.begin()->first;
}

// Clients know nothing of it: their requests stay open, and are answered once.
void CpuHost::restart(std::uint32_t first, Instant now) {
  for (PartRunner& part : parts_) part.begin_with(first);
  for (StreamAssembler& stream : streams_) stream.begin_with(first);
  local_.clear();
  outbox_ = Outbox();
  if (!spec_->clients) return;
  sent_again_ = next_batch_;
  for (std::uint32_t number = first; carries_state() && number < next_batch_; ++number)
    send_batch(number, sent_batches_[number], now);
  for (auto& [number, open] : open_) {
    open.outputs.assign(spec_->clients->replies, {});
    open.missing = spec_->clients->replies;
    open.last = {};
    open.began = now;  // what was done before is a wait
    if (!carries_state()) send_batch(number, open.batch, now);
  }
}

void CpuHost::send(std::span<const Leaving> arrays, const Request& request, const Arrival& leaves) {
  std::vector<Stream> streams;
  for (const auto& [lanes, ports] : arrays)
    for (const PartPort& port : *ports) {
      DataHeader header;
      header.request = RequestId{request.number + (port.next_request ? 1 : 0)};
      header.port = port.port;
      header.steps = port.next_request ? std::uint16_t{0} : request.steps;
      header.functional = request.functional;
      header.started = request.started;
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
    trace_->record({at,
                    {},
                    options_.self,
                    TraceKind::kMessageSent,
                    flow_number(peer, header.port, count),
                    static_cast<std::int64_t>(kDataHeaderBytes + payload.size()),
                    index(peer)});
  outbox_.add(at, peer, header, std::move(payload));
}

void CpuHost::on_message(NodeId peer, Payload message, Instant now) {
  const Result<DataMessage> data = unpack_data(message);
  if (!data) {
    ++duplicated_;
    return;
  }
  const DataHeader& header = data->header;
  for (std::size_t s = 0; s < streams_.size(); ++s)
    if (streams_[s].has_port(header.port)) return on_stream(peer, s, *data, now);
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
    trace_->record({now,
                    {},
                    options_.self,
                    TraceKind::kMessageReceived,
                    flow_number(options_.self, header.port, count),
                    static_cast<std::int64_t>(bytes),
                    index(peer)});
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
  for (std::size_t p = 0; p < parts_.size(); ++p) {
    const CpuPart& part = spec_->parts[p];
    if (header.port < part.first_port || header.port >= part.first_port + part.graph.inputs.size())
      continue;
    if (!parts_[p].on_arrays(header.port - part.first_port, header, std::move(arrays), arrival))
      ++duplicated_;
    return run_parts(p);
  }
  if (spec_->clients && header.port >= spec_->clients->first_port &&
      header.port < spec_->clients->first_port + spec_->clients->replies)
    return on_reply(header.port - spec_->clients->first_port, index(header.request),
                    std::move(arrays), arrival, now);
  ++duplicated_;
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

// A batch is complete with its last output, whose path is the critical one.
void CpuHost::on_reply(std::size_t output, std::uint32_t number, LaneArrays arrays,
                       const Arrival& arrival, Instant now) {
  const auto at = open_.find(number);
  // Of a batch that was answered before it was sent again for the state that it makes.
  if (at == open_.end() && carries_state() && number < sent_again_) return;
  if (at == open_.end() || output >= at->second.outputs.size() ||
      !at->second.outputs[output].empty() || arrays.size() != at->second.batch.members.size()) {
    ++duplicated_;
    return;
  }
  Open& open = at->second;
  open.outputs[output] = std::move(arrays);
  if (arrival.at >= open.last.at) open.last = arrival;
  if (--open.missing > 0) return;
  const Open done = std::move(open);
  open_.erase(at);
  for (std::size_t lane = 0; lane < done.batch.members.size(); ++lane) complete(done, lane, now);
}

// The path of a batch begins when the batch does; what its request waited for the batch to fill is
// added as queueing.
void CpuHost::complete(const Open& open, std::size_t lane, Instant now) {
  const BatchMember& member = open.batch.members[lane];
  HostRecord record;
  record.request = RequestId{member.request};
  record.client = member.client;
  record.steps = open.batch.steps;
  record.sent = member.sent;
  record.path = open.last.path;
  record.path.queue += open.began - member.sent;
  record.completed = open.last.at;
  // In wall time the answer is complete when the work has really been done, which is now.
  if (options_.time == TimeBase::kWall) {
    record.path.host += now - open.last.at;
    record.completed = now;
  }
  if (functional(member.request)) {
    Payload packed;
    for (const LaneArrays& output : open.outputs) ir::append_array(output[lane], packed);
    record.arrays = std::move(packed.bytes);
  }
  if (traced(member.request))
    trace_->record({record.sent, record.completed - record.sent, options_.self, TraceKind::kRequest,
                    member.request, record.client, 0});
  ++completed_;
  schedule_->answered(record.client, record.completed);
  records_.push_back(std::move(record));
}

bool CpuHost::finished() const {
  return spec_->clients && completed_ == spec_->clients->workload.requests;
}

std::vector<std::string> CpuHost::describe_outstanding() const {
  constexpr std::size_t kMost = 4;
  std::vector<std::string> out;
  for (const auto& [number, open] : open_) {
    const std::vector<BatchMember>& members = open.batch.members;
    const std::string more =
        members.size() == 1 ? "" : fmt::format(" and {} more of its batch", members.size() - 1);
    out.push_back(fmt::format("client {} waits for {} of {} outputs of request {}{}",
                              members.front().client, open.missing, open.outputs.size(),
                              members.front().request, more));
    if (out.size() == kMost) break;
  }
  if (batcher_)
    for (const auto& [steps, members] : batcher_->forming())
      out.push_back(fmt::format("request {} waits for its batch to fill: {} of {} are there",
                                members.front().request, members.size(), batcher_->size()));
  for (const PartRunner& part : parts_)
    if (std::string text = part.describe(); !text.empty()) out.push_back(std::move(text));
  for (const StreamAssembler& stream : streams_)
    if (std::string text = stream.describe(); !text.empty()) out.push_back(std::move(text));
  if (!failure_.empty()) out.push_back(failure_);
  return out;
}

void CpuHost::hand_over(Records& to) {
  std::move(records_.begin(), records_.end(), std::back_inserter(to.requests));
  records_.clear();
}

void CpuHost::add_stats(RoleStats& to) const {
  if (schedule_) to.sent += schedule_->sent();
  to.duplicated += duplicated_;
  to.host_busy += cpu_.busy();
  to.npu.fp16_overflows += overflows_;
}

}  // namespace soliton
