#include "tests/sim/ltl/seeded.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace soliton {

Cable cable_of(const Random& r) {
  Cable cable;
  cable.loss =
      Probability{static_cast<std::int64_t>(r.below(0, 4) * r.below(1, 100'000'001))};  // to 30 %
  cable.duplicate = Probability{pick<std::int64_t>(r, 2, {0, 0, 10'000'000, 100'000'000})};
  cable.reorder = Probability{pick<std::int64_t>(r, 3, {0, 0, 50'000'000, 250'000'000})};
  cable.reorder_by = nanoseconds(pick<std::int64_t>(r, 4, {500, 3'000, 15'000}));
  cable.propagation = nanoseconds(pick<std::int64_t>(r, 5, {100, 1'500, 9'000}));
  cable.max_burst = pick<std::uint32_t>(r, 6, {UINT32_MAX, 1, 3, 6});
  cable.corrupt = Probability{pick<std::int64_t>(r, 7, {0, 0, 1'000'000, 20'000'000})};
  cable.replay = Probability{pick<std::int64_t>(r, 8, {0, 0, 50'000'000})};
  cable.replay_after = nanoseconds(pick<std::int64_t>(r, 9, {50'000, 2'000'000}));
  if (r.below(10, 4) == 0) {
    cable.cut = r.below(11, 3);
    cable.cut_from = kRunStart + nanoseconds(static_cast<std::int64_t>(r.below(12, 100'000)));
    cable.cut_until =
        cable.cut_from + nanoseconds(static_cast<std::int64_t>(r.below(13, 3'000'000)));
  }
  return cable;
}

LtlOptions options_of(const Random& r) {
  LtlOptions o;
  o.mtu = pick<std::uint32_t>(r, 20, {17, 256, 1408, 8192});
  o.window = pick<std::uint32_t>(r, 21, {1, 4, 32, 64, 128, 256});
  o.credit = Bytes{pick<std::int64_t>(r, 22, {512, 20'000, 1 << 20})};
  o.ack_every = pick<std::uint32_t>(r, 23, {1, 4, 16});
  o.ack_delay = nanoseconds(pick<std::int64_t>(r, 24, {0, 2'000, 4'000}));
  o.reorder_tolerance = nanoseconds(pick<std::int64_t>(r, 25, {0, 0, 2'000}));
  o.timeout_rtts = pick<std::uint32_t>(r, 26, {0, 4});
  o.recovery = r.below(27, 3) == 0 ? RecoveryMode::kGoBackN : RecoveryMode::kSelective;
  o.first_sequence = pick<std::uint32_t>(r, 28, {0, 0xffff'ff9c, 0x7fff'fff0});
  o.auth = r.below(29, 4) == 0 ? AuthMode::kHeader : AuthMode::kNone;
  o.packing = Bytes{pick<std::int64_t>(r, 30, {0, 1408, 8192})};
  return o;
}

namespace {

std::uint64_t size_of(const Random& r, std::uint64_t i, std::uint32_t mtu) {
  switch (r.below(1000 + i, 8)) {
    case 0:
      return 0;
    case 1:
      return 1;
    case 2:
      return mtu - 1;
    case 3:
      return mtu;
    case 4:
      return mtu + 1;
    case 5:
      return 8 * mtu + r.below(2000 + i, std::min<std::uint64_t>(20'000, 60 * mtu));
    default:
      return r.below(2000 + i, 3 * mtu);
  }
}

}  // namespace

std::uint64_t SeededTraffic::bytes() const {
  std::uint64_t sum = 0;
  for (const auto& way : sizes)
    for (const std::uint64_t size : way) sum += size;
  return sum;
}

SeededTraffic plan(TwoNodes& net, const Random& r, std::uint64_t seed, std::uint32_t mtu,
                   bool ghost) {
  SeededTraffic t;
  for (std::uint64_t from = 0; from < 2; ++from) {
    Instant at{};
    for (std::uint64_t i = 0; i < kMessagesEachWay; ++i) {
      t.sizes[from][i] = size_of(r.child(from), i, mtu);
      net.send_at(at, from, TwoNodes::message(seed + from, i, t.sizes[from][i], ghost));
      if (r.child(from).below(3000 + i, 3) == 0)
        at += nanoseconds(static_cast<std::int64_t>(r.child(from).below(4000 + i, 40'000)));
    }
  }
  return t;
}

void expect_all_delivered(const TwoNodes& net, const SeededTraffic& t, std::uint64_t seed) {
  for (std::uint64_t from = 0; from < 2; ++from) {
    const std::vector<Payload>& got = net.delivered(1 - from);
    ASSERT_EQ(got.size(), kMessagesEachWay);
    for (std::uint64_t i = 0; i < kMessagesEachWay; ++i)
      ASSERT_EQ(got[i], TwoNodes::message(seed + from, i, t.sizes[from][i], false))
          << "message " << i;
  }
}

Duration bound(const LtlOptions& o, std::uint64_t packets) {
  return milliseconds(20) + o.timeout * 2 * static_cast<std::int64_t>(packets);
}

Duration bound_of_cut(const Cable& cable) {
  return cable.cut_from == kNever ? Duration{} : 2 * (cable.cut_until - kRunStart);
}

}  // namespace soliton
