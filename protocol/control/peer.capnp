@0xd3a5f0671c94be28;
# What nodes say to each other about themselves, on channel 0 of LTL. Thousands a second at most; data never goes here.
using Cxx = import "/capnp/c++.capnp";
$Cxx.namespace("soliton::wire");

struct PeerMessage {
  union {
    hello @0 :Hello;              # the first on a connection, from both ends
    health @1 :Health;
    statistics @2 :Statistics;
    error @3 :PeerError;
  }
}

struct Hello {
  node @0 :Text;
  device @1 :Text;
  epoch @2 :UInt32;
  protocolMin @3 :UInt16;         # versions of LTL that the node speaks
  protocolMax @4 :UInt16;
  capabilities @5 :UInt64;        # bits; unknown ones are passed over
  imageHash @6 :UInt64;
  channels @7 :UInt8;
}

struct Health {
  atPs @0 :Int64;                 # run time
  progress @1 :UInt64;            # steps done: alive without progress is a hang
  queuedBytes @2 :UInt64;
  busyPermille @3 :UInt16;
}

struct Statistics {
  messagesSent @0 :UInt64;
  messagesDelivered @1 :UInt64;
  packetsSent @2 :UInt64;
  retransmitted @3 :UInt64;
  timeouts @4 :UInt64;
  dropped @5 :UInt64;             # whatever the cause
  rttMeanPs @6 :Int64;
}

struct PeerError {
  code @0 :UInt16;
  message @1 :Text;
}
