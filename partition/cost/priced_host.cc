#include "partition/cost/priced_host.h"

#include "protocol/isa/host_time.h"

namespace soliton {
namespace {

constexpr std::int64_t kValueBytes = 2;  // fp16

PricedSend to_itself(const HostShard& host, std::size_t port) {
  return {.node = host.node, .port = static_cast<std::uint16_t>(port)};
}

}  // namespace

// Ports: the replies of the devices, then the start of the work before, then the answer.
PricedHost priced_host(const HostShard& host, std::int64_t steps, std::uint32_t batch) {
  const std::size_t begin = host.replies.size();
  const std::size_t answer = begin + 1;
  PricedPart before;
  before.inputs = {{.port = static_cast<std::uint16_t>(begin)}};
  before.work = times(host_time_before(host, steps), batch);
  for (const HostShard::StepPort& port : host.inputs) {
    const std::int64_t bytes = kValueBytes * host.elements_of(port);
    for (const OutPort::Destination& to : port.destinations)
      before.sends.push_back({.node = to.peer,
                              .port = to.port,
                              .messages = steps,
                              .bytes = batch * bytes,
                              .tensor_bytes = bytes,
                              .steps = static_cast<std::uint32_t>(steps)});
  }
  PricedPart after;
  for (std::size_t port = 0; port < host.replies.size(); ++port)
    after.inputs.push_back(
        {.port = static_cast<std::uint16_t>(port), .messages = host.sequence_output ? steps : 1});
  after.work = times(host_time_after(host, steps), batch);
  after.sends = {to_itself(host, answer)};
  PricedHost out;
  out.node = host.node;
  out.parts = {std::move(before), std::move(after)};
  out.clients = {.sends = {to_itself(host, begin)},
                 .initial = {},
                 .replies = {{.port = static_cast<std::uint16_t>(answer)}}};
  return out;
}

}  // namespace soliton
