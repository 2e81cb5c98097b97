#include "node/cpu/cpu_host.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "node/service/flow.h"
#include "partition/ir/array_bytes.h"
#include "protocol/base/check.h"
#include "protocol/tensor/half.h"

namespace soliton {
namespace {

// The values of one message, of an array of fp32 values or ghosts; `tokens`: of the request.
// `overflows` counts finite values that are beyond fp16.
Payload token_of(const StreamCut& cut, const ir::Array& array, std::int64_t tokens,
                 std::int64_t step, std::uint64_t& overflows) {
  const auto count = static_cast<std::size_t>(cut.elements);
  if (!array.known()) return {{}, sizeof(Half) * count};
  const std::int64_t token = cut.reversed ? tokens - 1 - step : step;
  const std::int64_t first = token * (array.elements() / tokens) + cut.offset;
  const std::span<const float> values = array.as<float>().subspan(static_cast<std::size_t>(first));
  std::vector<Half> halves(count);
  for (std::size_t i = 0; i < count; ++i) {
    halves[i] = to_half(values[i]);
    overflows += std::isfinite(values[i]) && !std::isfinite(to_float(halves[i]));
  }
  Payload out;
  out.append(std::as_bytes(std::span(halves)));
  return out;
}

}  // namespace

CpuHost::CpuHost(const CpuSpec& spec, const CpuOptions& options,
                 const std::vector<std::string>& node_names, TraceBuffer* trace)
    : spec_(spec), options_(options), names_(node_names), trace_(trace), cpu_(options.time) {
  for (const CpuPart& part : spec.parts) parts_.emplace_back(part, spec.device, cpu_);
  for (const StreamIn& stream : spec.streams) streams_.emplace_back(stream);
  if (spec.clients) schedule_.emplace(spec.clients->workload, spec.clients->inputs.seed);
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
  if (schedule_) next = std::min(next, schedule_->next_deadline());
  if (!local_.empty()) next = std::min(next, local_.begin()->first);
  return next;
}

// An array that arrives may make others that arrive at the same instant, hence the loop.
void CpuHost::on_deadline(Instant now) {
  while (!local_.empty() && local_.begin()->first <= now) {
    Local due = std::move(local_.begin()->second);
    local_.erase(local_.begin());
    on_array(due.header, std::move(due.array), due.arrival, now);
  }
  if (!schedule_) return;
  while (const std::optional<ClientSchedule::Due> due = schedule_->take_due(now)) begin(*due, now);
}

void CpuHost::begin(const ClientSchedule::Due& due, Instant now) {
  const GraphClients& clients = *spec_.clients;
  Open& open = open_[due.request];
  open.client = due.client;
  open.sent = now;
  open.steps = clients.inputs.steps(due.request);
  open.outputs.resize(clients.replies);
  open.missing = clients.replies;
  std::vector<Leaving> leaving;
  const std::vector<ir::Array> inputs = clients.inputs.request(due.request);
  for (std::size_t k = 0; k < inputs.size(); ++k)
    leaving.push_back(
        {functional(due.request) ? inputs[k] : ir::without_numbers(inputs[k]), &clients.sends[k]});
  if (due.request == 0)
    for (const auto& [array, ports] : clients.initial)
      leaving.push_back({functional(0) ? array : ir::without_numbers(array), &ports});
  send(leaving, {due.request, now, static_cast<std::uint16_t>(open.steps)}, {now, {}});
}

void CpuHost::send(std::span<const Leaving> arrays, const Request& request, const Arrival& leaves) {
  std::vector<Stream> streams;
  for (const auto& [array, ports] : arrays)
    for (const PartPort& port : *ports) {
      DataHeader header;
      header.request = RequestId{request.number + (port.next_request ? 1 : 0)};
      header.port = port.port;
      header.steps = port.next_request ? std::uint16_t{0} : request.steps;
      header.functional = array.known();
      header.started = request.started;
      header.path = leaves.path;
      const NodeId peer = number_of(port.node);
      if (port.stream) {
        streams.push_back({peer, header, &*port.stream, &array});
      } else if (peer == options_.self) {
        local_.emplace(leaves.at, Local{header, array, leaves});
      } else {
        Payload payload;
        ir::append_array(array, payload);
        send_away(peer, header, std::move(payload), leaves.at);
      }
    }
  send_streams(streams, leaves.at);
}

// Token by token, and each token to all ports, so that all FPGAs have the first one early. The cost
// model plays messages in this order, so predictions depend on it.
void CpuHost::send_streams(const std::vector<Stream>& streams, Instant at) {
  std::int64_t steps = 0;
  std::vector<ir::Array> values;
  for (const Stream& stream : streams) {
    const std::int64_t tokens = tokens_in(stream.cut->tokens, stream.header.steps);
    if (failure_.empty()) failure_ = misfit(*stream.cut, *stream.array, stream.header.steps);
    if (!failure_.empty()) return;
    steps = std::max(steps, tokens);
    // FPGAs compute with real numbers only, and none are computed if the request is not functional.
    values.push_back(functional(index(stream.header.request))
                         ? ir::converted(*stream.array, ir::ElementType::kFloat32)
                         : stream.array->forgotten());
  }
  for (std::int64_t step = 0; step < steps; ++step)
    for (std::size_t k = 0; k < streams.size(); ++k) {
      const Stream& stream = streams[k];
      const std::int64_t tokens = tokens_in(stream.cut->tokens, stream.header.steps);
      if (step >= tokens) continue;
      DataHeader header = stream.header;
      header.functional = values[k].known();
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
  if (!arrays || arrays->size() != 1) {
    ++duplicated_;
    return;
  }
  record_received(peer, header, message.size(), now);
  // A socket carries every byte, so that values nobody computed arrive as zeros.
  ir::Array array = header.functional ? std::move(arrays->front()) : arrays->front().forgotten();
  on_array(header, std::move(array), arrival_of(header, now), now);
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
    const Leaving leaving{std::move(done->array), &spec_.streams[stream].to};
    send({&leaving, 1}, {done->request, done->started, done->steps}, done->arrival);
  }
}

void CpuHost::on_array(const DataHeader& header, ir::Array array, const Arrival& arrival,
                       Instant now) {
  const std::uint32_t request = index(header.request);
  for (std::size_t p = 0; p < parts_.size(); ++p) {
    const CpuPart& part = spec_.parts[p];
    if (header.port < part.first_port || header.port >= part.first_port + part.graph.inputs.size())
      continue;
    if (!parts_[p].on_array(header.port - part.first_port, header, std::move(array), arrival))
      ++duplicated_;
    return run_parts(p);
  }
  if (spec_.clients && header.port >= spec_.clients->first_port &&
      header.port < spec_.clients->first_port + spec_.clients->replies)
    return on_reply(header.port - spec_.clients->first_port, request, std::move(array), arrival,
                    now);
  ++duplicated_;
}

void CpuHost::run_parts(std::size_t part) {
  while (std::optional<PartRunner::Done> done = parts_[part].poll()) {
    if (traced(done->request) && options_.time == TimeBase::kEmulated)
      trace_->record({done->leaves.at - done->work, done->work, options_.self, TraceKind::kHostWork,
                      done->request, 0, 0});
    std::vector<Leaving> leaving;
    for (std::size_t k = 0; k < done->outputs.size(); ++k)
      leaving.push_back({std::move(done->outputs[k]), &spec_.parts[part].outputs[k]});
    send(leaving, {done->request, done->started, done->steps}, done->leaves);
  }
}

// A request is complete with its last output, whose path is the critical one.
void CpuHost::on_reply(std::size_t output, std::uint32_t request, ir::Array array,
                       const Arrival& arrival, Instant now) {
  const auto at = open_.find(request);
  if (at == open_.end() || output >= at->second.outputs.size() ||
      at->second.outputs[output].present()) {
    ++duplicated_;
    return;
  }
  Open& open = at->second;
  open.outputs[output] = std::move(array);
  if (arrival.at >= open.last.at) open.last = arrival;
  if (--open.missing > 0) return;
  Open done = std::move(open);
  open_.erase(at);
  complete(request, std::move(done), now);
}

void CpuHost::complete(std::uint32_t request, Open open, Instant now) {
  HostRecord record;
  record.request = RequestId{request};
  record.client = open.client;
  record.steps = open.steps;
  record.sent = open.sent;
  record.path = open.last.path;
  record.completed = open.last.at;
  // In wall time the answer is complete when the work has really been done, which is now.
  if (options_.time == TimeBase::kWall) {
    record.path.host += now - open.last.at;
    record.completed = now;
  }
  if (functional(request)) {
    Payload packed;
    for (const ir::Array& output : open.outputs) ir::append_array(output, packed);
    record.arrays = std::move(packed.bytes);
  }
  if (traced(request))
    trace_->record({record.sent, record.completed - record.sent, options_.self, TraceKind::kRequest,
                    request, record.client, 0});
  ++completed_;
  schedule_->answered(record.client, record.completed);
  records_.push_back(std::move(record));
}

bool CpuHost::finished() const {
  return spec_.clients && completed_ == spec_.clients->workload.requests;
}

std::vector<std::string> CpuHost::describe_outstanding() const {
  constexpr std::size_t kMost = 4;
  std::vector<std::string> out;
  for (const auto& [request, open] : open_) {
    out.push_back(fmt::format("client {} waits for {} of {} outputs of request {}", open.client,
                              open.missing, open.outputs.size(), request));
    if (out.size() == kMost) break;
  }
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
