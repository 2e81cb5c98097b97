// One function per library; each is in a file that is built if its library is installed.
#pragma once

#include "tests/bench/ltl_peers.h"

namespace soliton {

void add_nng(Peers& peers);
void add_libfabric(Peers& peers);
void add_grpc(Peers& peers);
void add_capnp(Peers& peers);

// A library that calls and is called: the client is a transport for the round-trip loop, the server
// serves by itself until a message says kPairQuit. It does no streams.
template <typename MakeClient, typename Serve>
PeerRun caller(MakeClient make_client, Serve serve) {
  return [=](const PairOptions& options, bool streams) -> std::optional<PairFigures> {
    if (streams) return std::nullopt;
    const auto place = make_client.place();
    return run_pair(
        options,
        [&](PairPage& page) {
          const auto client = make_client(place);
          measure_round_trips(*client, options, page);
        },
        [&](PairPage& page) { serve(place, page); });
  };
}

}  // namespace soliton
