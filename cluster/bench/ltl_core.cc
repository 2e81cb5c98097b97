#include "cluster/bench/ltl_core.h"

#include <algorithm>
#include <array>
#include <ctime>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "fabric/ltl/burst.h"
#include "protocol/base/check.h"

namespace soliton {
namespace {

constexpr int kRounds = 3;
constexpr int kWarm = 20'000;
constexpr int kRoundTrips = 50'000;  // a round

// CPU time of this process, which excludes other load on the machine as far as possible.
double cpu_ns() {
  timespec at{};
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &at);
  return 1e9 * static_cast<double>(at.tv_sec) + static_cast<double>(at.tv_nsec);
}

class CorePair {
 public:
  explicit CorePair(const LtlOptions& options) {
    for (std::uint32_t n = 0; n < 2; ++n) {
      ends_[n] =
          std::make_unique<Ltl>(NodeId{n}, options, std::vector<LtlConnection>{{NodeId{1 - n}}});
      bursts_[n].emplace(*ends_[n]);
      rooms_[n].resize(bursts_[n]->packet_bytes_max());
    }
  }

  // As a spinning driver does: it sends the message, does deferred work, and looks once for control
  // packets and deadlines before the next packet arrives.
  void round_trip(std::span<const std::byte> message) {
    for (std::size_t n = 0; n < 2; ++n) {
      Ltl& from = *ends_[n];
      if (const auto packet = bursts_[n]->send_now(ConnectionId{0}, {message, {}}, rooms_[n], now_))
        deliver(n, packet->size);
      else
        static_cast<void>(bursts_[n]->send(ConnectionId{0}, {message, {}}, now_));
      flush(n);
      now_ += nanoseconds(90);
      if (from.next_deadline() > now_) continue;
      from.on_deadline(now_);
      flush(n);
    }
  }

  std::uint64_t messages() const { return messages_; }

 private:
  void deliver(std::size_t from, std::size_t size) {
    LtlBurst& to = *bursts_[1 - from];
    const std::span<const std::byte> packet(rooms_[from].data(), size);
    to.on_packet({NodeId{static_cast<std::uint32_t>(from)}, false, false, packet}, now_);
    while (const auto message = to.next_message()) ++messages_;
  }
  void flush(std::size_t from) {
    while (const auto packet = bursts_[from]->write(rooms_[from], 1, now_))
      deliver(from, packet->size);
  }

  std::array<std::unique_ptr<Ltl>, 2> ends_;
  std::array<std::optional<LtlBurst>, 2> bursts_;
  std::array<std::vector<std::byte>, 2> rooms_;
  Instant now_ = kRunStart;
  std::uint64_t messages_ = 0;
};

}  // namespace

double ltl_core_round_trip_ns(const LtlOptions& options, std::size_t bytes) {
  const std::vector<std::byte> message(bytes);
  double best = 0;
  for (int round = 0; round < kRounds; ++round) {
    CorePair pair(options);
    for (int i = 0; i < kWarm; ++i) pair.round_trip(message);
    const double start = cpu_ns();
    for (int i = 0; i < kRoundTrips; ++i) pair.round_trip(message);
    const double ns = (cpu_ns() - start) / kRoundTrips;
    best = round == 0 ? ns : std::min(best, ns);
    SOLITON_CHECK(pair.messages() == 2 * (kWarm + kRoundTrips));
  }
  return best;
}

}  // namespace soliton
