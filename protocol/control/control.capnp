@0x9f3b6c1d8e2a7054;
# The host plane: what the controller and a node process say to each other. It costs no emulated time.
using Cxx = import "/capnp/c++.capnp";
using Options = import "settings.capnp";
using Shards = import "shard.capnp";
$Cxx.namespace("soliton::wire");

# Everything a node process needs, in the memfd it inherits.
struct Deployment {
  node @0 :Text;
  id @1 :UInt32;
  wallTime @2 :Bool;
  sampleEvery @3 :UInt32;
  traceRequests @4 :UInt32;
  traceEvents @5 :UInt32;
  ltl @6 :Options.Settings;
  connections @7 :List(Connection);
  nodeNames @8 :List(NodeName);     # of the node and its peers
  role @9 :Role;                    # null: idle
  faults @10 :Faults;               # wall only
  identity @11 :Identity;
  wall @12 :Options.Settings;       # read in wall time only
  rules @13 :NodeRules;             # what happens to the node; null: nothing

  struct NodeName {
    node @0 :UInt32;
    name @1 :Text;
  }
  # Who the node is in the run; the key is the run's, and goes nowhere but here.
  struct Identity {
    runId @0 :UInt64;
    epoch @1 :UInt32;
    imageHash @2 :UInt64;
    key @3 :Data;
  }
  struct Connection {
    peer @0 :UInt32;
    remoteIndex @1 :UInt16;
    cookie @2 :UInt16;
    channel @3 :UInt8;
    roundTripPs @4 :Int64;          # 0: nothing is known of the path
    holdPs @5 :Int64;
    lineRate @6 :Int64;             # bits a second
    port @7 :UInt16;
  }
}

# What a node does: the name of the kind, its options, and what of it has a type of its own.
struct Role {
  kind @0 :Text;
  options @1 :Options.Settings;
  body @2 :AnyPointer;              # NPU: Shards.Shard; CPU: Graphs.CpuRole; shared NPU: SharedShards;
                                    # several: SeveralRoles
}

struct SharedShards {
  parts @0 :List(Part);

  struct Part {
    shard @0 :Shards.Shard;
    firstPort @1 :UInt16;           # of its ports at the node
  }
}

struct SeveralRoles {
  parts @0 :List(Part);
  ending @1 :Ending;                # null: all parts have an end of their own

  struct Ending {
    judge @0 :UInt32;
    awaited @1 :UInt32;
    told @2 :List(UInt32);
  }

  struct Part {
    role @0 :Role;
    tag @1 :UInt8;                  # the last byte of its messages
    startPs @2 :Int64;              # after the others
  }
}

struct ManagedRoles {
  manager @0 :UInt32;
  slot @1 :UInt32;                  # 2^32 - 1: none
  plays @2 :List(Play);
  nodes @3 :List(Node);             # of the manager's node
  layouts @4 :List(Layout);         # the same

  struct Play {
    slot @0 :UInt32;
    role @1 :Role;
    readyAfterPs @2 :Int64;
    layout @3 :UInt32;
  }
  struct Layout {
    lost @0 :UInt32;
    slots @1 :List(UInt32);
  }
  struct Node {
    node @0 :UInt32;
    slot @1 :UInt32;
    can @2 :List(UInt32);
  }
}

# What happens to one node.
struct NodeRules {
  seed @0 :UInt64;
  untilPs @1 :Int64;
  rules @2 :List(NodeRule);

  struct NodeRule {
    number @0 :UInt32;              # position in the plan
    subject @1 :UInt32;             # the node that it is about
    rule @2 :Faults.Rule;
  }
}

# A trouble of a node.
struct NodeEvent {
  atPs @0 :Int64;
  rule @1 :UInt32;                  # position in the plan
  node @2 :UInt32;
  ordinal @3 :UInt64;
  what @4 :UInt8;
  value @5 :UInt32;
  untilPs @6 :Int64;
}

# A step on the way to recover.
struct RecoveryEvent {
  atPs @0 :Int64;
  what @1 :UInt8;
  node @2 :UInt32;
  slot @3 :UInt32;
  generation @4 :UInt32;
  count @5 :UInt64;
}

struct Faults {
  seed @0 :UInt64;
  rules @1 :List(Rule);
  routes @2 :List(Route);           # to and from each peer
  links @3 :UInt32;                 # of the whole topology
  spray @4 :Bool;                   # a flow's packets take ways of their own
  rates @5 :List(Rate);             # of the links of these ways, ascending

  struct Rate {
    link @0 :UInt32;
    bitsPerSecond @1 :Int64;
  }
  struct Rule {
    id @0 :Text;
    kind @1 :Text;
    options @2 :Options.Settings;   # of the kind
    links @3 :List(UInt32);
    target @4 :Text;
    forward @5 :Bool;
    backward @6 :Bool;
    when @7 :Options.Settings;
    match @8 :Options.Settings;
    sets @9 :List(List(UInt32));    # of nodes
    events @10 :List(FaultEvent);        # to do again
    nodes @11 :List(UInt32);
    nodeEvents @12 :List(NodeEvent);     # to do again
  }
  # Hops are 2 x link + direction; 2^32 - 1: none.
  struct Route {
    peer @0 :UInt32;
    flow @1 :UInt64;
    to @2 :List(Ways);              # in order of time
    lastTo @3 :UInt32;              # hop that the peer judges
    lastFrom @4 :UInt32;            # hop of packets from the peer that the node judges
  }
  struct Ways {
    fromPs @0 :Int64;
    forks @1 :List(Fork);
  }
  struct Fork {
    name @0 :UInt64;                # hash
    exits @1 :List(Exit);
  }
  struct Exit {
    hop @0 :UInt32;
    cable @1 :UInt64;               # hash of its name
    to @2 :UInt32;                  # fork; 2^32 - 1: the peer
  }
}

# A decision of a fault rule about a packet.
struct FaultEvent {
  hop @0 :UInt32;                   # 2 x link + direction
  ordinal @1 :UInt64;
  what @2 :UInt8;
  count @3 :UInt32;
  value @4 :UInt64;
  latePs @5 :Int64;
  atPs @6 :Int64;
  rule @7 :UInt32;                  # position in the plan
}

# Controller to node.
struct Command {
  union {
    start @0 :Start;
    stop @1 :Void;
  }
  struct Start {
    startNs @0 :Int64;              # wall: CLOCK_MONOTONIC of run time 0
    ports @1 :List(UInt16);         # wall: UDP port of each node
  }
}

# Node to controller.
struct Report {
  union {
    ready :group {
      port @0 :UInt16;              # UDP port, 0 in virtual time
      confined @7 :Bool;            # behind a filter of system calls
    }
    records @1 :List(Record);
    finished @2 :Void;              # the workload is done
    stats @3 :Stats;                # last message
    failed @4 :Failure;
    traffic @5 :List(TrafficRecord);
    gaveUp @6 :Void;                # a peer is lost; stats say which
  }
}

struct Failure {
  code @0 :UInt8;
  message @1 :Text;
}

struct Record {
  request @0 :UInt32;
  client @1 :UInt32;
  steps @2 :UInt32;
  sentPs @3 :Int64;
  completedPs @4 :Int64;
  computePs @5 :Int64;
  networkPs @6 :Int64;
  queuePs @7 :Int64;
  hostPs @8 :Int64;
  arrays @9 :Data;                  # the outputs of the model, as in messages
  service @10 :UInt16;
  copy @11 :UInt16;                 # of the service's model
  refused @12 :Bool;
}

struct TrafficRecord {
  flow @0 :UInt32;
  number @1 :UInt32;
  sentPs @2 :Int64;                 # greatest value: not seen at this node
  completedPs @3 :Int64;
  damaged @4 :Bool;
  workload @5 :UInt16;              # which one of the run
}

struct Histogram {
  buckets @0 :List(Bucket);
  minPs @1 :Int64;
  maxPs @2 :Int64;
  sumPsLow @3 :UInt64;
  sumPsHigh @4 :Int64;

  struct Bucket {
    number @0 :UInt32;
    count @1 :UInt64;
  }
}

# Counters are settings of the tables that stand beside their structs.
struct Stats {
  role @0 :Options.Settings;
  npu @1 :Options.Settings;
  ltl @2 :Options.Settings;
  carrier @3 :Options.Settings;     # wall
  faults @4 :List(Options.Settings);  # wall: by rule
  rtt @5 :Histogram;
  device @6 :Histogram;             # modelled time a request kept the NPU busy
  trace @7 :List(TraceEvent);
  outstanding @8 :List(Text);       # what it waits for
  lostPeers @9 :List(LostPeer);     # in order of time
  firings @10 :List(FaultEvent);    # wall: what fault rules decided here
  troubles @11 :List(NodeEvent);    # what happened to the node
  recovery @12 :List(RecoveryEvent);

  struct LostPeer {
    how @0 :UInt8;
    peer @1 :UInt32;
    atPs @2 :Int64;
    detail @3 :UInt32;
    silencePs @4 :Int64;
  }
}

struct TraceEvent {
  atPs @0 :Int64;
  durationPs @1 :Int64;
  node @2 :UInt32;
  kind @3 :UInt8;
  a @4 :Int64;
  b @5 :Int64;
  c @6 :Int64;
}
