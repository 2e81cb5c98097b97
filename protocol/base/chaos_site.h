// Trouble that a program makes for itself, and mistakes that are planted in it, to test the tests
// (docs/faults.md#planted-mistakes). Both are `false` at compile time in all programs but
// tests/chaos, which compiles the files that use them once more with SOLITON_CHAOS_BUILD. To stay
// out of the others they stand in .cc files only.
//
//   if (SOLITON_CHAOS(kLateAck)) wait *= 8;                    // allowed, and rare: what is legal must bear it
//   if (ahead < 0 && !SOLITON_PLANTED(kNoDedup)) return ...;   // wrong: chaos must find it
#pragma once

#include <cstddef>
#include <cstdint>

namespace soliton {

// Legal behaviour that is rare without help.
enum class ChaosSite : std::uint8_t {
  kStoreFull,       // no room for a packet behind a gap
  kLateAck,         // a delayed acknowledgement waits eight times as long
  kEagerAck,        // each packet is acknowledged at once
  kEarlyTimeout,    // after a quarter of its time
  kEarlyProbe,      // the same
  kSmallestWindow,  // one packet under way
  kQueueFull,       // send() has no room while others wait
  kNoExpress,       // no packet takes the fast path
};
inline constexpr std::size_t kChaosSites = 8;

// Mistakes, at most one at a time.
enum class PlantedBug : std::uint8_t {
  kNone,
  kNoDedup,              // a packet that comes a second time is delivered a second time
  kAckBeforeStore,       // a packet that finds no room counts as held
  kMessageRestart,       // a packet that is sent again begins its message
  kTimerNotRearmed,      // timeout and probe end when something is heard
  kCrcSkipped,           // no checksum is verified
  kUncheckedExpress,     // the fast path delivers before it has verified
  kWrapUnsigned,         // sequences are compared as plain numbers
  kStrangerAccepted,     // a packet for another node is taken
  kCreditLeak,           // a packet that comes a second time takes credit for ever
  kReorderOffByOne,      // the last of the packets held stays
  kHeldBytesLost,        // packets are held without their bytes
  kAckBeyondGap,         // a packet that is missing is acknowledged
  kSecondLossForgotten,  // a packet that is lost again is not sent again
  kBacklogOvertaken,     // a message overtakes those that wait for room
  kNackUnbounded,        // every packet causes a NACK
  kHealNotApplied,       // a cut has no end
};
inline constexpr std::size_t kPlantedBugs = 16;

#ifdef SOLITON_CHAOS_BUILD
// Defined by the program that is compiled so.
bool chaos_fires(ChaosSite site);
bool is_planted(PlantedBug bug);
#define SOLITON_CHAOS(site) (::soliton::chaos_fires(::soliton::ChaosSite::site))
#define SOLITON_PLANTED(bug) (::soliton::is_planted(::soliton::PlantedBug::bug))
#else
#define SOLITON_CHAOS(site) (static_cast<void>(::soliton::ChaosSite::site), false)
#define SOLITON_PLANTED(bug) (static_cast<void>(::soliton::PlantedBug::bug), false)
#endif

}  // namespace soliton
