// When a rule of a fault plan is in force: once, again and again, at random instants, or from a packet
// on. What is known beforehand is FaultTimes, a function of schedule and seed: the same in all parts of
// a network, in all processes, and for those who lead packets around what is down.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "protocol/base/fields.h"
#include "protocol/base/rng.h"
#include "protocol/base/time.h"

namespace soliton {

// Windows of time, each [from, until).
struct FaultWindow {
  Instant from{};
  Instant until = kNever;
  bool holds(Instant at) const { return from <= at && at < until; }
  bool operator==(const FaultWindow&) const = default;
};

// What a rule waits for that is not known beforehand.
enum class FaultTrigger : std::uint8_t {
  kNone,
  kPacket,            // a packet on the link and direction, by its number
  kMessageDelivered,  // a message that the node's transport has delivered, by its number
  kFailoverStarted,   // the node hears of a generation after the first, by how many there were
};

// The form of `when:` that engines use. At most one of `every`, `poisson` and `trigger` is set; without
// them the rule is in force in [from, until).
struct FaultSchedule {
  Instant from{};           // inclusive
  Instant until = kNever;   // exclusive
  Duration every{};         // windows begin at from, from + every, ...
  Duration jitter{};        // each begins later by up to this
  Duration poisson{};       // mean distance of windows that begin at random, acceleration included
  Duration length{};        // of each window; 0: an instant, at which point faults happen
  std::uint64_t limit = 0;  // windows at most; 0: no limit
  FaultTrigger trigger = FaultTrigger::kNone;
  std::uint64_t count = 0;  // of the trigger: its number, from 1

  bool repeats() const { return every > Duration{} || poisson > Duration{}; }
  // The window that a trigger opens.
  FaultWindow from_trigger(Instant at) const;
  bool operator==(const FaultSchedule&) const = default;
};

inline constexpr FieldWord kFaultTriggers[] = {
    word("none", FaultTrigger::kNone), word("packet", FaultTrigger::kPacket),
    word("message_delivered", FaultTrigger::kMessageDelivered),
    word("failover_started", FaultTrigger::kFailoverStarted)};
// As it travels to nodes.
inline constexpr Field kFaultScheduleRows[] = {
    field<&FaultSchedule::from>("from", ""),
    field<&FaultSchedule::until>("until", ""),
    field<&FaultSchedule::every>("every", ""),
    field<&FaultSchedule::jitter>("jitter", ""),
    field<&FaultSchedule::poisson>("poisson", ""),
    field<&FaultSchedule::length>("length", ""),
    field<&FaultSchedule::limit>("limit", ""),
    field<&FaultSchedule::count>("count", ""),
    field<&FaultSchedule::trigger>("trigger", "").spelled(kFaultTriggers),
};
inline constexpr FieldTable kFaultScheduleFields =
    fields_of<FaultSchedule>("fault_schedule", kFaultScheduleRows);

// The windows of a schedule that time alone decides, in order; those of a trigger are not among them.
// Windows do not overlap those before, except of a Poisson process, whose windows may.
class FaultTimes {
 public:
  FaultTimes(const FaultSchedule& schedule, const Random& chance);

  // The window that begins last of those that have begun by `at`; nullopt: none has.
  std::optional<FaultWindow> last_begun(Instant at);
  // Window `number`, counted from 0; nullopt: there are not so many.
  std::optional<FaultWindow> window(std::uint64_t number);

 private:
  Instant begin_of(std::uint64_t number);
  FaultWindow cut_off(Instant begin) const;

  FaultSchedule schedule_;
  Random chance_;
  std::vector<Instant> drawn_;  // of a Poisson process, as far as asked for
};

// "from 1 ms to 2 ms", "every 500 us for 20 us from 1 ms on": for people.
std::string spell(const FaultSchedule& schedule);

}  // namespace soliton
