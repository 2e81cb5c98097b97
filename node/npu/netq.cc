#include "node/npu/netq.h"

#include <algorithm>

#include "protocol/base/check.h"

namespace soliton {

void NetQ::begin(std::int64_t steps, std::uint32_t lanes) {
  SOLITON_CHECK(empty());
  lanes_ = lanes;
  steps_ = static_cast<std::size_t>(std::max<std::int64_t>(steps, 0));
  for (Port& port : ports_) {
    port.messages.clear();
    port.head = 0;
    port.taken = 0;
  }
}

void NetQ::push(std::uint16_t port, NetqMessage message) {
  SOLITON_CHECK_MSG(port < ports_.size(), "there is no port {}: the shard has {}", port,
                    ports_.size());
  const InPort& spec = specs_[port];
  SOLITON_CHECK_MSG(message.vectors.size() == lanes_ * spec.elements * sizeof(Half),
                    "port {} ({}): {} bytes for {} elements in {} lanes", port, spec.name,
                    message.vectors.size(), spec.elements, lanes_);
  Port& p = ports_[port];
  SOLITON_CHECK_MSG(!spec.reversed || p.messages.size() < steps_,
                    "port {} ({}): more than {} messages", port, spec.name, steps_);
  if (p.messages.empty() || message.arrival.at > p.latest.at) p.latest = message.arrival;
  p.messages.push_back(std::move(message));
  ++unread_;
}

bool NetQ::ready(std::uint16_t port) const {
  const Port& p = ports_[port];
  if (p.head == p.messages.size()) return false;
  return !specs_[port].reversed || p.messages.size() == steps_;
}

NetqMessage NetQ::take(std::uint16_t port) {
  SOLITON_CHECK(ready(port));
  Port& p = ports_[port];
  --unread_;
  ++p.taken;
  const std::size_t position = p.head++;
  if (specs_[port].reversed)
    return {std::move(p.messages[p.messages.size() - 1 - position].vectors), p.latest};
  NetqMessage message = std::move(p.messages[position]);
  if (p.head == p.messages.size()) {
    p.messages.clear();
    p.head = 0;
  }
  return message;
}

std::string NetQ::describe_wait(std::uint16_t port) const {
  const Port& p = ports_[port];
  const std::size_t step = specs_[port].reversed ? p.messages.size() : p.taken;
  return fmt::format("port {} ({}), step {}", port, specs_[port].name, step);
}

std::string NetQ::describe_unread() const {
  std::string text;
  for (std::size_t i = 0; i < ports_.size(); ++i) {
    const std::size_t unread = ports_[i].messages.size() - ports_[i].head;
    if (unread == 0) continue;
    text += fmt::format("{}port {} ({}): {}", text.empty() ? "" : ", ", i, specs_[i].name, unread);
  }
  return text;
}

}  // namespace soliton
