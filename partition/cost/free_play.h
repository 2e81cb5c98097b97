// What a part of a model costs at the very least: its programs played with all inputs there from
// the start and every message alone on its way, but for what comes over a device's one cable: of
// messages that a program reads one behind the other the last is there no earlier than the cable
// can have brought all of them.
//
// Chains issue in program order and wait for the latest of what they read, so nothing a device does
// comes earlier when a message comes later; and no message is faster than on an idle network. So in
// any plan that holds these programs, whatever surrounds them:
//
//   last output  >=  first input + last
//   first output >=  first input + first
//   last output  >=  last input + response
#pragma once

#include <functional>
#include <span>

#include "protocol/base/breakdown.h"
#include "protocol/isa/shard.h"

namespace soliton {

struct FreePlayRequest {
  std::span<const Shard> shards;  // within their memories; messages to others leave the part
  std::int64_t steps = 1;
  std::uint32_t batch = 1;
  // For the response: as many steps as its last input can be needed in; 0: it is not asked for.
  std::int64_t steps_behind = 1;
  // Least time of a message of so many elements (of all lanes) between two of the shards.
  std::function<Duration(std::size_t from, std::size_t to, std::int64_t elements)> way;
  // How long its last packet is at least on the one cable of a shard; 0: there are several.
  std::function<Duration(std::size_t to, std::int64_t elements)> cable;
};

struct FreePlay {
  Duration first{};     // until the first message leaves the part
  Duration last{};      // until the last one does
  Duration response{};  // from the last step's input to the last message
  Duration occupied{};  // of the device that is occupied least
  // Elements of the smallest message into the part, and out of it.
  std::int64_t least_input = 0;
  std::int64_t least_output = 0;
  std::int64_t inputs = 0;  // messages into the part each step
};

FreePlay play_free(const FreePlayRequest& request);

}  // namespace soliton
