// Libraries of `soliton bench ltl --long`.
#include "tests/bench/long_peers.h"

int main(int argc, char** argv) {
  soliton::Peers peers;
#ifdef SOLITON_HAVE_NNG
  soliton::add_nng(peers);
#endif
#ifdef SOLITON_HAVE_LIBFABRIC
  soliton::add_libfabric(peers);
#endif
#ifdef SOLITON_HAVE_GRPC
  soliton::add_grpc(peers);
#endif
#ifdef SOLITON_HAVE_CAPNP
  soliton::add_capnp(peers);
#endif
  return soliton::peers_main(argc, argv, peers);
}
