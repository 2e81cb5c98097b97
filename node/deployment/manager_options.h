// Options of the resource manager: `manager:` of a cluster file (docs/recovery.md).
#pragma once

#include <cstdint>

#include "protocol/base/fields.h"
#include "protocol/base/quantity.h"
#include "protocol/base/time.h"

namespace soliton {

inline constexpr std::uint32_t kManagerMissesAuto = UINT32_MAX;
// At 1 % loss each way a live node misses so many in a row less than once in 10^12 (faults.md, table of
// misses); LTL repairs losses besides.
inline constexpr std::uint32_t kManagerMisses = 9;

struct ManagerOptions {
  Duration heartbeat = microseconds(10);
  Duration timeout = microseconds(50);
  std::uint32_t misses = kManagerMissesAuto;
  Duration lease = microseconds(500);
  Duration configure = milliseconds(1);
  BitRate load{100'000'000'000};
  Duration replan = milliseconds(100);
  Duration give_up = milliseconds(100);

  bool operator==(const ManagerOptions&) const = default;
  // Silence after which a node is taken for dead.
  Duration patience() const {
    const std::uint32_t misses_of = misses == kManagerMissesAuto ? kManagerMisses : misses;
    return times(timeout, std::int64_t{misses_of} + 1);
  }
};

void check_manager_keys(void* manager, FieldCheck& check);
inline constexpr Duration kManagerLongest = milliseconds(3'600'000);
inline constexpr FieldWord kManagerMissesWords[] = {word("auto", kManagerMissesAuto)};
inline constexpr Field kManagerRows[] = {
    field<&ManagerOptions::heartbeat>("heartbeat",
                                      "Time from one question to an agent to the next.")
        .between(nanoseconds(100), kManagerLongest)
        .by_default("10 us; in wall time 4 ms")
        .trade("more packets", "a node that fails is noticed late"),
    field<&ManagerOptions::timeout>("timeout",
                                    "A question is missed when it is not answered for this long.")
        .between(nanoseconds(100), kManagerLongest)
        .by_default("50 us; in wall time 20 ms")
        .trade("live nodes are taken for dead", "a node that fails is noticed late"),
    field<&ManagerOptions::misses>(
        "misses",
        "Timeouts in a row that a node may miss; with one more it is taken for dead. `auto`: 9.")
        .spelled(kManagerMissesWords)
        .between(0, 1'000)
        .trade("live nodes are taken for dead", "a node that fails is noticed late"),
    field<&ManagerOptions::lease>(
        "lease",
        "How long a grant holds without word from the manager: a manager that was down waits for "
        "so long before it grants anything.")
        .between(nanoseconds(100), kManagerLongest)
        .by_default("10 timeouts")
        .trade("a manager that returns may grant what is still held",
               "it takes longer to take over"),
    field<&ManagerOptions::configure>("configure",
                                      "Time in which a device in reserve becomes another one, "
                                      "without its weights.")
        .between(Duration{0}, kManagerLongest),
    field<&ManagerOptions::load>("load", "Rate at which it gets its weights.")
        .between(kSlowestRate, kFastestRate),
    field<&ManagerOptions::replan>(
        "replan", "Time that it takes to divide the model anew when no device in reserve is left.")
        .between(Duration{0}, kManagerLongest),
    field<&ManagerOptions::give_up>(
        "give_up", "How long the work of a node may be nobody's before the run ends with status 4.")
        .between(nanoseconds(100), kManagerLongest)
        .trade("a node that restarts comes too late", "a run without a way out lasts longer"),
};
inline constexpr FieldTable kManagerOptionFields =
    fields_of<ManagerOptions>("manager", kManagerRows).ruled(&check_manager_keys);

}  // namespace soliton
