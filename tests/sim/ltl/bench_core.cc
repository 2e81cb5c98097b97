// CPU time of LTL itself: two ends in one thread, each packet handed over in memory, no carrier and
// no clock within the loop. Prints nanoseconds a round trip of one message each way, and a stream.
//
//   bench_ltl_core [round trips]                 default 2,000,000
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <ctime>
#include <memory>
#include <vector>

#include "fabric/ltl/ltl.h"

namespace soliton {
namespace {

constexpr double kGoalNs = 50;  // of 64 B

// CPU time of this process: what others do on this machine is left out as far as can be.
double cpu_seconds() {
  timespec at{};
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &at);
  return static_cast<double>(at.tv_sec) + 1e-9 * static_cast<double>(at.tv_nsec);
}

class Pair {
 public:
  explicit Pair(const LtlOptions& options)
      : ends_{std::make_unique<Ltl>(NodeId{0}, options, std::vector<LtlConnection>{{NodeId{1}}}),
              std::make_unique<Ltl>(NodeId{1}, options, std::vector<LtlConnection>{{NodeId{0}}})},
        room_(ends_[0]->packet_bytes_max()) {}

  void deliver(std::size_t from, std::size_t size) {
    const auto source = NodeId{static_cast<std::uint32_t>(from)};
    ++packets_;
    ends_[1 - from]->on_packet({source, false, false, {room_.data(), size}}, now_);
    while (const auto message = ends_[1 - from]->next_message()) ++messages_;
  }

  void carry(std::size_t from) {
    while (const auto packet = ends_[from]->write_packet(room_, now_)) deliver(from, packet->size);
  }

  void round_trip(std::span<const std::byte> message) {
    for (std::size_t n = 0; n < 2; ++n) {
      if (const auto packet = ends_[n]->send_now(ConnectionId{0}, {message, {}}, room_, now_))
        deliver(n, packet->size);
      else
        (void)ends_[n]->send_copy(ConnectionId{0}, {message, {}}, now_);
      carry(n);
      now_ += nanoseconds(90);
      if (ends_[n]->next_deadline() <= now_) ends_[n]->on_deadline(now_), carry(n);
    }
  }

  void stream(std::span<const std::byte> message, int burst) {
    for (int i = 0; i < burst; ++i) (void)ends_[0]->send_copy(ConnectionId{0}, {message, {}}, now_);
    carry(0);
    now_ += microseconds(1);
    carry(1);
  }

  std::uint64_t packets() const { return packets_; }
  std::uint64_t messages() const { return messages_; }

 private:
  std::array<std::unique_ptr<Ltl>, 2> ends_;
  std::vector<std::byte> room_;
  Instant now_{};
  std::uint64_t packets_ = 0;
  std::uint64_t messages_ = 0;
};

// The least of several rounds: what is left out is the time of others on this machine.
void round_trips(const char* name, const LtlOptions& options, std::size_t bytes, int count) {
  const std::vector<std::byte> message(bytes);
  double best = 1e9, packets = 0;
  for (int round = 0; round < 15; ++round) {
    Pair pair(options);
    for (int i = 0; i < count / 20; ++i) pair.round_trip(message);
    const std::uint64_t before = pair.packets();
    const double start = cpu_seconds();
    for (int i = 0; i < count / 15; ++i) pair.round_trip(message);
    best = std::min(best, (cpu_seconds() - start) * 1e9 / (count / 15));
    packets = static_cast<double>(pair.packets() - before) / (count / 15);
  }
  fmt::print("{:28} {:5} B round trip {:7.1f} ns, {:.2f} packets", name, bytes, best, packets);
  if (bytes == 64) fmt::print("   goal {:.0f} ns, ratio {:.2f}", kGoalNs, kGoalNs / best);
  fmt::print("\n");
}

void stream(const char* name, const LtlOptions& options, std::size_t bytes, int count) {
  const std::vector<std::byte> message(bytes);
  double best = 1e9, a_packet = 0;
  for (int round = 0; round < 5; ++round) {
    Pair pair(options);
    const double start = cpu_seconds();
    for (int i = 0; i < count / 5; i += 32) pair.stream(message, 32);
    best = std::min(best, (cpu_seconds() - start) * 1e9 / static_cast<double>(pair.messages()));
    a_packet = static_cast<double>(pair.messages()) / static_cast<double>(pair.packets());
  }
  fmt::print("{:28} {:5} B stream     {:7.1f} ns a message, {:.2f} messages a packet\n", name,
             bytes, best, a_packet);
}

int play(int count) {
  LtlOptions plain, bare;
  bare.crc = false;
  plain.mtu = bare.mtu = 8192;
  round_trips("crc", plain, 64, count);
  round_trips("no crc", bare, 64, count);
  round_trips("crc", plain, 4096, count / 4);
  round_trips("no crc", bare, 4096, count / 4);
  stream("crc, packed", plain, 64, count);
  plain.packing = Bytes{0};
  stream("crc, a packet each", plain, 64, count);
  return 0;
}

}  // namespace
}  // namespace soliton

int main(int argc, char** argv) {
  const int count = argc > 1 ? std::atoi(argv[1]) : 2'000'000;
  return count < 1000 ? 2 : soliton::play(count);
}
