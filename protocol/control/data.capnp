@0xb6d1f0a5c3e27a41;
# The header of every data message between nodes, before the tensor bytes. 48 bytes on the wire: segment table, root
# pointer, four words. It is built in front of the vectors and read in place.
using Cxx = import "/capnp/c++.capnp";
$Cxx.namespace("soliton::wire");

struct DataHeader {
  request @0 :UInt32;    # dense from 0, the same on every node; the top bit is set when no values are computed for it
  port @1 :UInt16;       # NetQ port of the receiver
  steps @2 :UInt16;      # of the whole request
  startedPs @3 :UInt64;  # when the host began with the request or its batch, run time
  computePs @4 :UInt64;  # share of the critical path so far; what is not named here was network
  queueNs @5 :UInt32;
  hostNs @6 :UInt32;
}
