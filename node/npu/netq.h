// The receive side of NetQ: the messages of the current request, in order per port, until v_rd
// takes them.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "protocol/base/breakdown.h"
#include "protocol/base/payload.h"
#include "protocol/isa/shard.h"

namespace soliton {

struct NetqMessage {
  Payload vectors;
  Arrival arrival;
};

class NetQ {
 public:
  explicit NetQ(const std::vector<InPort>& ports) : specs_(ports), ports_(ports.size()) {}

  // REQUIRES: empty().
  void begin(std::int64_t steps, std::uint32_t lanes = 1);
  // REQUIRES: `port` is one of the shard's; the message has the port's size in every lane.
  void push(std::uint16_t port, NetqMessage message);
  // Whether v_rd of `port` finds its message. On a `reversed` port that is so only once all `steps`
  // messages have arrived.
  bool ready(std::uint16_t port) const;
  // Takes the next message. On a `reversed` port it carries the latest arrival of all messages,
  // since v_rd waited for all of them. REQUIRES: ready(port).
  NetqMessage take(std::uint16_t port);
  bool empty() const { return unread_ == 0; }
  // For messages to people: "port 2 (gru0.h from fpga1), step 7".
  std::string describe_wait(std::uint16_t port) const;
  // The ports with unread messages, for the report of a request that ended too early.
  std::string describe_unread() const;

 private:
  struct Port {
    std::vector<NetqMessage>
        messages;  // in order; the first `head` (on a reversed port: the last) are gone
    std::size_t head = 0;
    std::size_t taken = 0;  // of the request; more than `head` once an emptied port starts over
    Arrival latest;
  };

  const std::vector<InPort>& specs_;
  std::vector<Port> ports_;
  std::size_t unread_ = 0;
  std::size_t steps_ = 0;
  std::size_t lanes_ = 1;
};

}  // namespace soliton
