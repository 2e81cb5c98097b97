// The emulated network at the level of messages (`fidelity: message`), as a state machine in virtual
// time: no packets with headers, no windows at work, no transport that repairs. It takes messages and
// says which node has to do something next.
//
// A message travels as trains of packets (lines.h), up to 32 of them, so one of up to 32 packets goes
// packet by packet. A train costs an event at each hop but the first. What a node sends goes to its card,
// where its flows take turns, train by train. Acknowledgements follow LTL's rules and take line time on
// their way back, but have no events there: each line is charged with them when they are sent.
//
// A sender whose messages do not leave is told to stop, and under way are as many packets of a flow
// as LTL lets, so that queues build up where they do in packet mode. What could be different there is
// counted (MessageBeyond).
//
//   network.send(from, to, std::move(message), now);
//   network.flush(now);                       // all messages of this instant are there
//   while (network.next(limit, turn)) ...     // call the node's role, send what it sends
#pragma once

#include <cstdint>
#include <vector>

#include "fabric/message/flows.h"
#include "fabric/message/lines.h"
#include "fabric/message/radix_queue.h"
#include "fabric/sim/fault_windows.h"
#include "protocol/base/payload.h"

namespace soliton {

// Of LTL, as it would be in packet mode.
struct MessageOptions {
  std::uint32_t mtu = 1408;
  std::uint32_t header = 32;
  std::uint32_t window = 128;
  std::uint64_t queue_limit = 64 << 10;
  std::uint32_t ack_every = 4;
  Duration ack_delay = microseconds(4);
};

// What a node has to do.
struct MessageTurn {
  enum class What : std::uint8_t {
    kMessage,  // take `message` from `peer`
    kRoom,     // it may send to `peer` again
    kWake,     // it asked for this instant
  } what = What::kMessage;
  NodeId node{};
  NodeId peer{};
  Instant now{};
  Payload message;
};

class MessageNetwork {
 public:
  // The references outlive the object; `trace` may be null.
  MessageNetwork(const Topology& topology, const Routes& routes, const FaultPlan& plan,
                 const MessageOptions& options, EarliestEvents* trace = nullptr);
  MessageNetwork(const MessageNetwork&) = delete;
  MessageNetwork& operator=(const MessageNetwork&) = delete;

  // Takes a message. False: the flow has as much as LTL would take, and the sender should wait for
  // MessageTurn::kRoom. REQUIRES: there is a path; flush(now) follows before next().
  bool send(NodeId from, NodeId to, Payload&& message, Instant now);
  void flush(Instant now);
  // The node is to be called at `at`, which is not before the last turn.
  void wake(NodeId node, Instant at) { queue_.push(at, MessageEvent::What::kWake, index(node)); }
  // Goes on to the next turn of a node before `limit`. False: there is none. After that wake-ups beyond
  // the limit are forgotten.
  bool next(Instant limit, MessageTurn& turn);

  // Whether next() stopped at its limit and not because nothing but wake-ups was left.
  bool stopped_at_limit() const { return stopped_at_limit_; }
  std::uint64_t events() const { return events_; }

  NetworkCounters counters() const;
  std::vector<PortCounters> ports() const { return lines_.counters(); }
  std::vector<FaultCounters> fault_counters() const { return lines_.fault_counters(); }
  MessageBeyond beyond() const;
  const Flows& flows() const { return flows_; }
  // Records the faults that started or ended up to `now`.
  void finish(Instant now) { windows_.record(now); }

 private:
  struct Message {
    Payload payload;
    std::uint32_t next = kNoIndex;  // of its flow
  };
  // A train on its way.
  struct alignas(64) Flight {
    TrainAt at;
    std::uint64_t bytes = 0;
    std::uint32_t packets = 0;
    std::uint32_t flow = 0;
    std::uint32_t message = kNoIndex;  // of the last train of a message; or kGhost
    std::uint32_t port = 0;            // the next to cross
    std::uint32_t way = 0;             // where the path names that port
    std::uint32_t hops : 31 = 0;       // left, with that port
    bool waits : 1 = false;            // for other ways, before that port
    std::uint32_t version = 0;         // of ways (version_) when it found its own
  };
  static_assert(sizeof(Flight) == 64, "a flight is a cache line");
  // A message of one packet without bytes is its train.
  static constexpr std::uint32_t kGhost = kNoIndex - 1;
  // Flows that wait for the card of a node, by the port that they leave by.
  struct Card {
    std::uint32_t first = kNoIndex;
    std::uint32_t last = kNoIndex;
    bool awake = false;  // an event will serve it
  };

  std::uint32_t add_message(Payload&& payload);
  std::uint32_t take_flight();
  bool has_room(std::uint32_t flow, std::uint64_t unsent);
  void offer_room(std::uint32_t flow);
  void queue(std::uint32_t flow, Payload&& message);
  void line_up(std::uint32_t flow);
  void serve(std::uint32_t port, Instant now);
  bool may_launch(std::uint32_t flow, std::uint32_t packets);
  void measure(std::uint32_t flow);
  std::uint32_t packets_of(std::uint64_t bytes) const;
  std::uint32_t next_packets(std::uint32_t flow) const;
  void launch(std::uint32_t flow, std::uint32_t packets, Instant now);
  void depart(std::uint32_t flow, const Train& train, std::uint32_t message, Instant now);
  std::uint32_t take_train(std::uint32_t flow, std::uint64_t bytes);
  void set_out(Flight& flight, Instant now);
  void cross(std::uint32_t flight);
  bool waits(std::uint32_t flight);
  void find_way(Flight& flight);
  void change_ways(Instant at);
  void land_train(std::uint32_t flight);
  void land(std::uint32_t flow, std::uint32_t packets, Instant at, bool message);
  void acknowledge(std::uint32_t flow, std::uint32_t packets, Instant at, bool message);
  std::uint32_t packets_an_ack(const Flow& flow) const;
  void send_acknowledgements(std::uint32_t flow, std::uint32_t count);
  void remind_to_acknowledge(std::uint32_t flow);
  void deliver(std::uint32_t flight, MessageTurn& turn);
  bool process(const MessageEvent& event, MessageTurn& turn);
  Instant now() const { return queue_.now(); }

  const Topology& topology_;
  const Routes& routes_;
  MessageOptions options_;
  std::uint32_t few_;   // packets that may always be under way
  std::uint64_t full_;  // LTL bytes of a packet of the MTU
  Flows flows_;
  Lines lines_;
  FaultWindows windows_;
  RadixQueue queue_;
  std::vector<Message> messages_;
  std::vector<std::uint32_t> free_messages_;
  std::vector<Flight> flights_;
  std::vector<std::uint32_t> free_flights_;
  std::vector<Card> cards_;           // by port
  std::vector<std::uint32_t> fresh_;  // cards that got their first flow since the last flush()
  std::vector<std::uint32_t> rooms_;  // flows whose senders may go on
  std::uint64_t events_ = 0;
  bool stopped_at_limit_ = false;
  std::uint32_t version_ = 0;    // changes of ways so far (Routes::changes())
  Instant changes_at_ = kNever;  // the next one
};

}  // namespace soliton
