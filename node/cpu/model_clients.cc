#include "node/cpu/model_clients.h"

#include <fmt/format.h>

#include <algorithm>

#include "partition/ir/array_bytes.h"
#include "protocol/base/check.h"

namespace soliton {

ModelClients::ModelClients(const GraphClients& spec, const CpuOptions& options, TraceBuffer* trace)
    : spec_(&spec),
      options_(options),
      trace_(trace),
      schedule_(spec.workload, spec.inputs.seed, spec.instants),
      batcher_(spec.workload.batch, spec.workload.batch_wait),
      balancer_(spec.workload.balance, spec.copies.size(), spec.workload.host,
                Random(spec.inputs.seed, "balance of a host").bits(spec.workload.host)),
      copies_(spec.copies.size()),
      at_copy_(spec.copies.size()) {
  know_ports();
}

void ModelClients::know_ports() {
  ports_.clear();
  const auto port = [](std::uint16_t first, std::size_t number) {
    return static_cast<std::uint16_t>(first + number);
  };
  for (std::size_t c = 0; c < copies_.size(); ++c) {
    const ModelCopy& copy = spec_->copies[c];
    for (std::size_t k = 0; k < spec_->replies; ++k)
      ports_[port(copy.first_port, k)] = {c, std::nullopt, k};
    copies_[c].replies.assign(copy.guests.size(), {});
    for (std::size_t g = 0; g < copy.guests.size(); ++g) {
      const CopyGuest& guest = copy.guests[g];
      for (std::size_t k = 0; k < copy.sends.size(); ++k)
        ports_[port(guest.first_port, k)] = {c, g, k};
      for (std::size_t k = 0; k < spec_->replies; ++k)
        copies_[c].replies[g].push_back({PartPort{guest.node, port(guest.reply_port, k)}});
    }
  }
}

std::vector<std::uint16_t> ModelClients::ports() const {
  std::vector<std::uint16_t> out;
  for (const auto& [port, use] : ports_) out.push_back(port);
  return out;
}

// Requests of a source are alike in their steps, which it sees to.
std::int64_t ModelClients::steps_of(std::uint32_t request) const {
  return spec_->inputs.steps(source_ != nullptr ? 0 : request);
}

void ModelClients::serve(RequestSource& source) {
  source_ = &source;
  schedule_.serve(source);
}

Instant ModelClients::next_deadline() const {
  return std::min(schedule_.next_deadline(), batcher_.next_deadline());
}

// Batches whose wait is over come last, so that the requests of this instant still join them.
std::optional<Departure> ModelClients::take_due(Instant now) {
  while (const std::optional<ClientSchedule::Due> due =
             schedule_.take_due(now, open_requests_ == 0)) {
    if (is_full()) {
      refuse(*due, now);
      continue;
    }
    ++open_requests_;
    const std::int64_t steps = steps_of(due->request);
    if (std::optional<Batch> full = batcher_.add(steps, {due->request, due->client, now}))
      return begin_batch(std::move(*full), now);
  }
  if (std::optional<Batch> batch = batcher_.take_due(now))
    return begin_batch(std::move(*batch), now);
  return std::nullopt;
}

// Its client, if it waits for answers, sends its next request when the next answer is there: to try again
// at once would be in vain, and nothing says how long it should wait.
void ModelClients::refuse(const ClientSchedule::Due& due, Instant now) {
  HostRecord record;
  record.request = RequestId{due.request};
  record.client = due.client;
  record.service = spec_->service;
  record.refused = true;
  record.steps = steps_of(due.request);
  record.sent = record.completed = now;
  if (source_ != nullptr) source_->answer(record);
  records_.push_back(std::move(record));
  turned_away_.push_back(due.client);
  ++refused_;
}

Departure ModelClients::begin_batch(Batch batch, Instant now) {
  const std::size_t at = balancer_.choose(at_copy_);
  Copy& copy = copies_[at];
  const std::uint32_t number = copy.next++;
  if (spec_->carries_state) sent_batches_.push_back(batch);
  at_copy_[at] += static_cast<std::uint32_t>(batch.members.size());
  const std::size_t replies = spec_->replies;
  Open& open = copy.open[number];
  open = {std::move(batch), now, std::vector<LaneArrays>(replies), replies, {}, std::nullopt, {}};
  return inputs_of(at, number, open.batch, now);
}

Departure ModelClients::inputs_of(std::size_t copy, std::uint32_t number, const Batch& batch,
                                  Instant now) const {
  const ModelCopy& to = spec_->copies[copy];
  const bool computed = std::ranges::any_of(
      batch.members, [this](const BatchMember& member) { return functional(member.request); });
  const auto sent = [&](const ir::Array& array) {
    return computed ? array : ir::without_numbers(array);
  };
  Departure out;
  for (const std::vector<PartPort>& ports : to.sends) out.arrays.push_back({{}, &ports});
  for (const BatchMember& member : batch.members) {
    const std::vector<ir::Array> inputs = source_ != nullptr
                                              ? source_->inputs(member.request)
                                              : spec_->inputs.request(member.request);
    for (std::size_t k = 0; k < inputs.size(); ++k) out.arrays[k].lanes.push_back(sent(inputs[k]));
  }
  if (number == 0)
    for (const auto& [array, ports] : to.initial) out.arrays.push_back({{sent(array)}, &ports});
  out.batch = {number, now, static_cast<std::uint16_t>(batch.steps), computed};
  out.at = {now, {}};
  return out;
}

bool ModelClients::on_arrays(const DataHeader& header, LaneArrays arrays, const Arrival& arrival,
                             Instant now, std::vector<Departure>& out) {
  const Use& use = ports_.at(header.port);
  return use.guest ? on_input(use, header, std::move(arrays), arrival, out)
                   : on_output(use, header, std::move(arrays), arrival, now, out);
}

bool ModelClients::on_input(const Use& use, const DataHeader& header, LaneArrays arrays,
                            const Arrival& arrival, std::vector<Departure>& out) {
  const ModelCopy& copy = spec_->copies[use.copy];
  const std::pair key{*use.guest, index(header.request)};
  const auto [at, fresh] = copies_[use.copy].coming.try_emplace(key);
  Coming& coming = at->second;
  if (fresh) {
    coming.inputs.resize(copy.sends.size());
    coming.missing = static_cast<std::size_t>(
        std::ranges::count_if(copy.sends, [](const auto& ports) { return !ports.empty(); }));
  }
  const auto of_other_lanes = [&](const LaneArrays& there) {
    return !there.empty() && there.size() != arrays.size();
  };
  if (!coming.inputs[use.number].empty() || std::ranges::any_of(coming.inputs, of_other_lanes))
    return false;
  coming.inputs[use.number] = std::move(arrays);
  coming.batch = {key.second, header.started, header.steps,
                  coming.batch.functional || header.functional};
  if (arrival.at >= coming.last.at) coming.last = arrival;
  if (--coming.missing > 0) return true;
  Coming whole = std::move(coming);
  copies_[use.copy].coming.erase(at);
  out.push_back(admit(use.copy, *use.guest, std::move(whole)));
  return true;
}

// The batch gets its number when all of it is there: in the order in which the guests' batches are whole.
Departure ModelClients::admit(std::size_t copy, std::size_t guest, Coming whole) {
  const ModelCopy& to = spec_->copies[copy];
  const std::uint32_t number = copies_[copy].next++;
  Open& open = copies_[copy].open[number];
  open.outputs.resize(spec_->replies);
  open.missing = spec_->replies;
  open.guest = guest;
  open.of_guest = whole.batch;
  Departure out;
  for (std::size_t k = 0; k < to.sends.size(); ++k)
    if (!to.sends[k].empty()) out.arrays.push_back({std::move(whole.inputs[k]), &to.sends[k]});
  if (number == 0)
    for (const auto& [array, ports] : to.initial)
      out.arrays.push_back({{whole.batch.functional ? array : ir::without_numbers(array)}, &ports});
  out.batch = whole.batch;
  out.batch.number = number;
  out.at = whole.last;
  return out;
}

// A batch is complete with its last output, whose path is the critical one. What a guest waits for goes to
// it as it comes.
bool ModelClients::on_output(const Use& use, const DataHeader& header, LaneArrays arrays,
                             const Arrival& arrival, Instant now, std::vector<Departure>& out) {
  const std::uint32_t number = index(header.request);
  Copy& copy = copies_[use.copy];
  const auto at = copy.open.find(number);
  // Of a batch that was answered before it was sent again for the state that it makes.
  if (at == copy.open.end() && spec_->carries_state && number < sent_again_) return true;
  if (at == copy.open.end() || !at->second.outputs[use.number].empty()) return false;
  Open& open = at->second;
  if (!open.guest && arrays.size() != open.batch.members.size()) return false;
  if (open.guest) {
    out.push_back({{{arrays, &copy.replies[*open.guest][use.number]}}, open.of_guest, arrival});
    out.back().batch.functional = header.functional;
  }
  open.outputs[use.number] = std::move(arrays);
  if (arrival.at >= open.last.at) open.last = arrival;
  if (--open.missing > 0) return true;
  const Open done = std::move(open);
  copy.open.erase(at);
  for (std::size_t lane = 0; lane < done.batch.members.size(); ++lane)
    complete(use.copy, done, lane, now);
  return true;
}

// The path of a batch begins when the batch does; what its request waited for the batch to fill is
// added as queueing.
void ModelClients::complete(std::size_t copy, const Open& open, std::size_t lane, Instant now) {
  const BatchMember& member = open.batch.members[lane];
  HostRecord record;
  record.request = RequestId{member.request};
  record.client = member.client;
  record.service = spec_->service;
  record.copy = static_cast<std::uint16_t>(copy);
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
  --open_requests_;
  --at_copy_[copy];
  schedule_.answered(record.client, record.completed);
  for (const std::uint32_t client : turned_away_) schedule_.answered(client, record.completed);
  turned_away_.clear();
  if (source_ != nullptr) source_->answer(record);
  records_.push_back(std::move(record));
}

void ModelClients::hand_over(std::vector<HostRecord>& to) {
  std::move(records_.begin(), records_.end(), std::back_inserter(to));
  records_.clear();
}

void ModelClients::describe(std::size_t most, std::vector<std::string>& out) const {
  for (std::size_t c = 0; c < copies_.size(); ++c)
    for (const auto& [number, open] : copies_[c].open) {
      if (out.size() >= most) break;
      const std::string of_copy = copies_.size() == 1 ? "" : fmt::format(" from copy {}", c);
      const std::vector<BatchMember>& members = open.batch.members;
      if (open.guest) {
        out.push_back(fmt::format("{} waits for {} of {} outputs of its batch {}{}",
                                  spec_->copies[c].guests[*open.guest].node, open.missing,
                                  open.outputs.size(), open.of_guest.number, of_copy));
        continue;
      }
      const std::string more =
          members.size() == 1 ? "" : fmt::format(" and {} more of its batch", members.size() - 1);
      out.push_back(fmt::format("client {} waits for {} of {} outputs of request {}{}{}",
                                members.front().client, open.missing, open.outputs.size(),
                                members.front().request, more, of_copy));
    }
  for (const auto& [steps, members] : batcher_.forming())
    out.push_back(fmt::format("request {} waits for its batch to fill: {} of {} are there",
                              members.front().request, members.size(), batcher_.size()));
}

// State is not kept where it passes, so a model that carries it is run again from its first request.
std::uint32_t ModelClients::first_open() const {
  SOLITON_CHECK(copies_.size() == 1);
  if (spec_->carries_state) return 0;
  const Copy& copy = copies_.front();
  return copy.open.empty() ? copy.next : copy.open.begin()->first;
}

// Clients know nothing of it: their requests stay open, and are answered once.
void ModelClients::restart(std::uint32_t first, Instant now, std::vector<Departure>& out) {
  SOLITON_CHECK(copies_.size() == 1);
  Copy& copy = copies_.front();
  sent_again_ = copy.next;
  for (std::uint32_t number = first; spec_->carries_state && number < copy.next; ++number)
    out.push_back(inputs_of(0, number, sent_batches_[number], now));
  for (auto& [number, open] : copy.open) {
    open.outputs.assign(spec_->replies, {});
    open.missing = spec_->replies;
    open.last = {};
    open.began = now;  // what was done before is a wait
    if (!spec_->carries_state) out.push_back(inputs_of(0, number, open.batch, now));
  }
}

void ModelClients::adopt(const GraphClients& spec) {
  SOLITON_CHECK(spec.copies.size() == copies_.size());
  spec_ = &spec;
  know_ports();
}

}  // namespace soliton
