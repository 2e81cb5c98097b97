// The Elastic Router of a node's shell: a crossbar with buffers at its inputs that carries messages
// between role, host (PCIe), DRAM and the network, so that what one part of a node says to another
// never leaves the node (Caulfield et al., "A Cloud-Scale Acceleration Architecture", MICRO 2016).
//
// Messages travel as flits. Each slot of time a port takes at most one flit in and puts at most one
// out. An input has a credit a flit, its channels share them (elastic_pool.h). An output serves
// control (channel 0) first, then the other channels by weighted round robin, inputs in turn;
// messages of one channel are not mixed on an output, those of several are. A message may turn back
// to the port it came from.
//
//   router.send(from, {to, channel, payload}, now);
//   while (auto delivery = router.poll_delivery()) ...
//   // next_deadline(), on_deadline() as of any state machine
#pragma once

#include <cstdint>
#include <deque>
#include <optional>
#include <vector>

#include "fabric/router/elastic_pool.h"
#include "protocol/base/payload.h"
#include "protocol/base/quantity.h"
#include "protocol/base/result.h"
#include "protocol/base/time.h"

namespace soliton {

struct RouterOptions {
  std::uint32_t channels = 4;
  Bytes flit{32};
  // Of one flit: 32 B at 156.25 MHz carry 40 Gb/s. Longer: everything inside the node is slower.
  Duration slot = picoseconds(6'400);
  std::uint32_t buffer_flits = 256;   // of an input. Lower: senders wait
  std::uint32_t reserved_flits = 16;  // of each channel there. Higher: less to share
  std::uint32_t queue_messages = 64;  // of a channel before its port. Lower: kWouldBlock earlier
  std::vector<std::uint8_t> weights;  // of channels 1, 2, ...; left out: 1
};

enum class RouterPort : std::uint8_t {};
constexpr std::uint8_t index(RouterPort port) { return static_cast<std::uint8_t>(port); }

struct RouterMessage {
  RouterPort to{};
  std::uint8_t channel = 1;  // 0 = control
  Payload payload;
};

struct RouterDelivery {
  RouterPort from{};
  RouterPort at{};
  std::uint8_t channel = 1;
  Payload payload;
};

struct RouterStats {
  std::uint64_t messages = 0;
  std::uint64_t flits = 0;
  std::uint64_t waits = 0;  // slots in which a port had a flit to take in and no credit for it
};

class Router {
 public:
  Router(std::uint32_t ports, RouterOptions options);

  // Errors: kWouldBlock when its queue before the port is full. REQUIRES: ports and channel exist.
  Status send(RouterPort from, RouterMessage message, Instant now);
  // While stopped, an output gives nothing of this channel to what is behind it.
  void stop(RouterPort at, std::uint8_t channel, bool stopped, Instant now);

  std::optional<RouterDelivery> poll_delivery();
  Instant next_deadline() const { return next_slot_; }
  void on_deadline(Instant now);

  // No message under way.
  bool idle() const { return messages_ == 0; }
  const ElasticPool& credits(RouterPort port) const { return inputs_[index(port)].pool; }
  const RouterStats& stats() const { return stats_; }

 private:
  struct Entry {
    RouterMessage message;
    std::uint64_t flits = 0;
    std::uint64_t taken = 0;   // into the input's buffer
    std::uint64_t passed = 0;  // on to the output
  };
  struct Lane {  // one channel of one input
    std::deque<Entry> waiting;
    std::size_t entering = 0;  // position of the message that goes into the buffer
    // Flits of the first message that are in the buffer.
    bool ready() const { return !waiting.empty() && waiting[0].taken > waiting[0].passed; }
  };
  struct Input {
    ElasticPool pool;
    std::vector<Lane> lanes;
    std::uint32_t turn = 0;  // channel that was taken in last
  };
  struct Output {
    std::vector<std::optional<std::uint32_t>> held;  // by channel: the input in mid-message
    std::vector<bool> stopped;
    std::vector<std::uint32_t> input_turn;
    std::uint32_t channel_turn = 1;
    std::uint32_t left = 1;
  };

  std::uint32_t weight(std::uint32_t channel) const;
  bool can_pass(std::uint32_t input, std::uint32_t channel, std::uint32_t output) const;
  std::optional<std::uint32_t> input_for(std::uint32_t channel, std::uint32_t output) const;
  // Moves what may move in this slot; false when nothing could.
  bool serve_output(std::uint32_t output);
  void pass(std::uint32_t input, std::uint32_t channel, std::uint32_t output);
  bool take_in(std::uint32_t port);
  bool take_from_lane(Input& input, std::uint32_t channel);
  void wake(Instant now);

  RouterOptions options_;
  std::vector<Input> inputs_;
  std::vector<Output> outputs_;
  std::vector<bool> input_busy_;  // has put a flit on the crossbar in this slot
  std::uint32_t first_output_ = 0;
  std::uint64_t messages_ = 0;
  Instant next_slot_ = kNever;
  Instant last_slot_{};
  std::deque<RouterDelivery> deliveries_;
  RouterStats stats_;
};

}  // namespace soliton
