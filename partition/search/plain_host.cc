#include "partition/search/plain_host.h"

#include <algorithm>

namespace soliton {
namespace {

constexpr std::int64_t kValueBytes = 2;  // fp16

}  // namespace

// A part that takes no time collects the results, so that their ports and that of the answer differ.
PricedHost plain_host(const std::string& host, const HostPorts& ports, std::int64_t steps,
                      std::uint32_t batch) {
  const auto messages = [&](std::int64_t tokens) { return tokens == 0 ? steps : tokens; };
  PricedHost out;
  out.node = host;
  PricedClients& clients = out.clients.emplace();
  for (const HostPorts::Send& send : ports.sends)
    for (const OutPort::Destination& to : send.destinations)
      clients.sends.push_back({.node = to.peer,
                               .port = to.port,
                               .messages = messages(send.tokens),
                               .bytes = batch * kValueBytes * send.elements,
                               .tensor_bytes = kValueBytes * send.elements,
                               .steps = static_cast<std::uint32_t>(steps)});
  PricedPart& collects = out.parts.emplace_back();
  collects.on_cpu = false;
  std::uint16_t answer = 0;
  for (const HostPorts::Take& take : ports.takes) {
    collects.inputs.push_back({.port = take.port, .messages = messages(take.tokens)});
    answer = std::max<std::uint16_t>(answer, static_cast<std::uint16_t>(take.port + 1));
  }
  collects.sends = {{.node = host, .port = answer}};
  clients.replies = {{.port = answer}};
  return out;
}

}  // namespace soliton
