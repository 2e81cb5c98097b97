// The minimum cost of a part of a model. Its programs are played with all inputs there from the
// start and every message alone on the network, with one exception: if a device has a single cable,
// the last of the messages that its program reads in a row arrives no earlier than the cable can
// have carried them all.
//
// Chains are issued in program order and wait for the latest of what they read, so delaying a
// message never makes a device faster; no message is faster than on an idle network; and none is
// taken notice of before it is there. Hence in
// any plan that contains these programs, whatever surrounds them:
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
  std::span<const Shard> shards;  // must fit; messages to other shards leave the part
  std::int64_t steps = 1;
  std::uint32_t batch = 1;
  // For the response: the number of steps within which the last input can be needed; 0: no response
  // is wanted.
  std::int64_t steps_behind = 1;
  // Devices begin when their first message is there, and their ticks count from then. True: at any
  // instant, so no tick is waited for, as a bound needs; false: all at the same one.
  bool any_begin = true;
  // Minimum time of a message of `elements` elements (of all lanes) between two of the shards.
  std::function<Duration(std::size_t from, std::size_t to, std::int64_t elements)> way;
  // Minimum time for which its last packet occupies a shard's only cable; 0 if there are several.
  std::function<Duration(std::size_t to, std::int64_t elements)> cable;
};

struct FreePlay {
  Duration first{};     // until the first message leaves the part
  Duration last{};      // until the last message leaves the part
  Duration response{};  // from the input of the last step to the last message
  Duration occupied{};  // of the least occupied device
  // Elements of the smallest message into the part, and of the smallest out of it.
  std::int64_t least_input = 0;
  std::int64_t least_output = 0;
  std::int64_t inputs = 0;  // messages into the part at each step
};

FreePlay play_free(const FreePlayRequest& request);

}  // namespace soliton
