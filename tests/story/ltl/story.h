// A harness for packet stories: two ends whose packets the test carries.
//
// By hand: take(end) returns all packets an end wants to send, give(end, packet) delivers one. Or
// run(): packets travel for kOneWay, except those that `drop` picks, and `log` has everything that
// was sent.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <tuple>
#include <vector>

#include "fabric/ltl/ltl.h"
#include "protocol/wire/ltl_header.h"

namespace soliton {

inline constexpr std::uint16_t kCookie = 0xc0de;
inline constexpr ConnectionId kRow0{0};

// A packet with its decoded header.
struct Sent {
  Datagram datagram;
  LtlHeader header;
  Instant at{};
  std::size_t from = 0;
};

class Story {
 public:
  static constexpr Duration kOneWay = nanoseconds(1500);

  explicit Story(const LtlOptions& options = {}, TraceBuffer* trace = nullptr);

  Ltl& end(std::size_t n) { return *ends_[n]; }
  Instant now() const { return now_; }
  void wait(Duration d) { now_ += d; }

  void send(std::size_t from, std::size_t bytes) { send(from, message(bytes)); }
  void send(std::size_t from, Payload message);
  static Payload message(std::size_t bytes);

  std::vector<Sent> take(std::size_t from);
  void give(std::size_t to, const Sent& packet) { ends_[to]->on_input(packet.datagram, now_); }
  void give(std::size_t to, const std::vector<Sent>& packets);
  std::vector<Payload> delivered(std::size_t at);
  // Fires what is due at `end` now.
  void fire(std::size_t end);

  // Called for every packet that run() carries; true: it is lost.
  std::function<bool(const Sent&)> drop;
  // Called at every delivery in run().
  std::function<void(std::size_t at, const Payload&)> on_delivery;
  // Runs until nothing more happens. False after 100,000 events.
  [[nodiscard]] bool run();
  std::vector<Sent> log;

  // Packets of a kind in the log from one end.
  std::vector<Sent> logged(std::size_t from, PacketKind kind) const;

 private:
  void collect(std::size_t from);

  std::array<std::unique_ptr<Ltl>, 2> ends_;
  std::map<std::tuple<Instant, std::uint64_t>, Sent> travelling_;
  std::uint64_t ordinal_ = 0;
  Instant now_{};
};

// Changes header fields and corrects the checksum.
Sent forged(const Sent& packet, const std::function<void(LtlHeader&)>& change);

std::vector<Sequence> sequences(const std::vector<Sent>& packets);

}  // namespace soliton
