#include "partition/cost/played_host.h"

#include <algorithm>

#include "protocol/base/check.h"
#include "protocol/base/path.h"

namespace soliton {
namespace {

std::int64_t messages_of(const std::vector<PricedInput>& inputs, bool carried_too) {
  std::int64_t out = 0;
  for (const PricedInput& input : inputs)
    if (carried_too || !input.carried) out += input.messages;
  return out;
}

PlayedHost::Departure departure_of(const std::vector<PricedSend>& sends,
                                   const PlayedHost::EndpointOf& endpoint_of) {
  PlayedHost::Departure out{&sends, {}};
  for (const PricedSend& send : sends) out.to.push_back(endpoint_of(send.node));
  return out;
}

}  // namespace

PlayedHost::PlayedHost(const PricedHost& host, const EndpointOf& endpoint_of) {
  for (const PricedPart& priced : host.parts) {
    receive(priced.inputs, static_cast<std::uint32_t>(parts_.size()));
    Part& part = parts_.emplace_back();
    part.priced = &priced;
    part.departure = departure_of(priced.sends, endpoint_of);
    part.due = messages_of(priced.inputs, true);
    part.due_first = messages_of(priced.inputs, false);
  }
  if (!host.clients) return;
  receive(host.clients->replies, kClients);
  replies_due_ = messages_of(host.clients->replies, true);
  sends_ = departure_of(host.clients->sends, endpoint_of);
  initial_ = departure_of(host.clients->initial, endpoint_of);
}

void PlayedHost::receive(const std::vector<PricedInput>& inputs, std::uint32_t receiver) {
  for (const PricedInput& input : inputs) {
    if (input.port >= receiver_.size()) receiver_.resize(input.port + 1u);
    receiver_[input.port] = receiver;
  }
}

void PlayedHost::take(const FlowMessage& message) {
  current_ = receiver_[message.port];
  Part& part = parts_[current_];
  SOLITON_CHECK(message.request >= part.next);
  while (part.open.size() <= message.request - part.next) {
    const bool first = part.next + part.open.size() == 0;
    part.open.push_back({first ? part.due_first : part.due, {}, {}});
  }
  Open& open = part.open[message.request - part.next];
  --open.missing;
  open.started = std::max(open.started, message.started);
  if (message.leaves.at >= open.last.at) open.last = message.leaves;
}

std::optional<PlayedHost::Fired> PlayedHost::poll() {
  Part& part = parts_[current_];
  if (part.open.empty() || part.open.front().missing > 0) return std::nullopt;
  const Open& ready = part.open.front();
  Fired fired{part.next, ready.started, since(ready.last, ready.started), &part.departure};
  part.open.erase(part.open.begin());
  ++part.next;
  if (part.priced->on_cpu) fired.leaves = occupy(fired.leaves, part.priced->work);
  return fired;
}

Arrival PlayedHost::occupy(Arrival from, Duration work) {
  const Instant begin = std::max(from.at, cpu_free_);
  cpu_free_ = later(begin, work);
  from.path.queue += begin - from.at;
  from.path.host += cpu_free_ - begin;
  from.at = cpu_free_;
  return from;
}

}  // namespace soliton
