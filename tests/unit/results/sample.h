// A small run whose every number can be checked by hand.
#pragma once

#include "cluster/results/results.h"

namespace soliton::sample {

inline RequestRecord request(std::uint32_t number, std::int64_t sent_ps, std::int64_t latency_ps) {
  RequestRecord r;
  r.request = RequestId{number};
  r.steps = 12;
  r.sent = kRunStart + Duration{sent_ps};
  r.completed = r.sent + Duration{latency_ps};
  r.path = {Duration{latency_ps / 2}, Duration{latency_ps / 4}, Duration{},
            Duration{latency_ps / 4}};
  return r;
}

// Two completed requests of 30 us and 34.567890 us, one that failed.
inline RunResults run() {
  RunResults r;
  r.name = "tiny";
  r.seed = 18'446'744'073'709'551'615ull;
  r.time = "virtual";
  r.requests = {request(0, 0, 30'000'000), request(1, 30'000'000, 34'567'890),
                request(2, 64'567'890, 0)};
  r.requests[0].matches = true;
  r.requests[0].output_hash = 0xabcdef;
  r.requests[0].predicted_class = 3;
  r.requests[0].label = 3;
  r.requests[1].matches = false;
  r.requests[2].failed = true;
  r.sent = 3;
  r.failed = 1;
  r.first_sent = kRunStart;
  r.last_completed = kRunStart + Duration{80'000'000};
  r.operations_per_request = 1'000'000;
  r.peak_ops_per_second = 1e12;
  r.nodes = {{"fpga0",
              "bw-pocket",
              "npu",
              Bytes{1000},
              Bytes{810},
              0.25,
              "ok",
              {.fp16_overflows = 5, .poisoned_blocks = 3}},
             {"host0", "cpu", "host", Bytes{}, Bytes{}, 0.125, "failed"}};
  r.partition = {"latency", 1, 2048, nanoseconds(31'800), nanoseconds(29'400), 0.08};
  r.fabric = {.packets = 100,
              .bytes = 6400,
              .dropped = 1,
              .ecn_marked = 0,
              .pauses = 0,
              .queue_bytes_max = 0};
  r.links = {{"tor0 -> fpga0", 60, 4000, 0.5, 1, 0, 0, 0, 2, Bytes{3000}, nanoseconds(250)}};
  r.ltl.messages_sent = 40;
  r.ltl.packets_sent = 90;
  r.ltl.retransmitted = 1;
  r.ltl.rtt.add(Duration{60});
  const Instant hit = kRunStart + microseconds(1'500);
  r.faults = {{kRunStart + milliseconds(1),
               "loss0",
               "loss",
               "fpga0-tor0",
               {1, 1, 0, 0, 0, 0, 0, hit, hit},
               true,
               {},
               {}}};
  r.outputs.sha256 = "00ff";
  r.outputs.checked = 2;
  r.outputs.mismatched = 1;
  r.outputs.accuracy = 0.5;
  r.wall = {0.5, 0.25, 1000, 3};
  return r;
}

}  // namespace soliton::sample
