// A CPU host in a plan that is played: it counts the messages of each part, and books the work of
// those that are ready on its CPU.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "partition/cost/message_flow.h"
#include "partition/cost/priced_host.h"
#include "protocol/base/breakdown.h"

namespace soliton {

class PlayedHost {
 public:
  // What leaves together, and to which endpoints of the flow.
  struct Departure {
    const std::vector<PricedSend>* sends = nullptr;
    std::vector<std::size_t> to;
  };
  using EndpointOf = std::function<std::size_t(const std::string& node)>;

  // `host` must outlive the object.
  PlayedHost(const PricedHost& host, const EndpointOf& endpoint_of);

  const Departure& sends() const { return sends_; }      // of the clients
  const Departure& initial() const { return initial_; }  // of the clients, with the first request
  bool is_reply(std::uint16_t port) const { return receiver_[port] == kClients; }
  std::int64_t replies_due() const { return replies_due_; }

  // A message for a part; message.leaves.at is when it arrives. REQUIRES: !is_reply(message.port).
  void take(const FlowMessage& message);
  struct Fired {
    std::uint32_t request = 0;
    Instant started{};  // when the client sent it
    Arrival leaves;
    const Departure* departure = nullptr;
  };
  // The next request of the part that the last message went to, if all of its messages are there.
  std::optional<Fired> poll();

 private:
  static constexpr std::uint32_t kClients = UINT32_MAX;

  struct Open {
    std::int64_t missing = 0;
    Instant started{};
    Arrival last;
  };
  struct Part {
    const PricedPart* priced = nullptr;
    Departure departure;
    std::int64_t due = 0;        // messages of a request
    std::int64_t due_first = 0;  // of the first one, which finds its state there
    std::uint32_t next = 0;      // the request that runs next
    std::vector<Open> open;      // by request, from `next` on
  };

  void receive(const std::vector<PricedInput>& inputs, std::uint32_t receiver);
  Arrival occupy(Arrival from, Duration work);

  std::vector<Part> parts_;
  std::vector<std::uint32_t> receiver_;  // by port: the part, or the clients
  Departure sends_, initial_;
  std::int64_t replies_due_ = 0;
  std::size_t current_ = 0;  // the part that the last message went to
  Instant cpu_free_{};
};

}  // namespace soliton
