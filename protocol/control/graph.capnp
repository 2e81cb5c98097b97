@0xb2c4a9d35e7f1068;
# Graphs of operators, and what a CPU host does with them, as bytes of a deployment.
using Cxx = import "/capnp/c++.capnp";
using Options = import "settings.capnp";
$Cxx.namespace("soliton::wire");

# The parts of a graph that a CPU host runs, and the clients of a run of a graph.
struct CpuRole {
  device @0 :Options.Settings;
  parts @1 :List(Part);
  clients @2 :List(Clients);        # by service
  streams @3 :List(Stream);
  batch @4 :UInt32;                 # the most requests that run together

  struct Port {
    node @0 :Text;
    port @1 :UInt16;
    nextRequest @2 :Bool;
    stream @3 :Cut;                 # null: the array is one message
  }
  struct Cut {
    tokens @0 :Int64;
    offset @1 :Int64;
    elements @2 :Int64;
    reversed @3 :Bool;
    steps @4 :Int64;
  }
  struct Ports {
    ports @0 :List(Port);
  }
  struct Part {
    name @0 :Text;
    graph @1 :Graph;
    firstPort @2 :UInt16;
    outputs @3 :List(Ports);
    initial @4 :List(Data);         # arrays; empty: none
  }
  struct Stream {
    firstPort @0 :UInt16;
    slices @1 :List(Slice);
    shape @2 :List(Int64);
    tokens @3 :Int64;
    to @4 :Ports;
    type @5 :UInt8;                 # of the elements
  }
  struct Slice {
    offset @0 :Int64;
    elements @1 :Int64;
    reversed @2 :Bool;
  }
  struct Initial {
    array @0 :Data;
    to @1 :Ports;
  }
  # A copy of the model.
  struct Copy {
    sends @0 :List(Ports);          # by input of the model
    firstPort @1 :UInt16;
    initial @2 :List(Initial);      # sent when request 0 begins
    guests @3 :List(Guest);
  }
  struct Guest {
    node @0 :Text;
    firstPort @1 :UInt16;
    replyPort @2 :UInt16;
  }
  struct Clients {
    copies @0 :List(Copy);
    service @1 :UInt16;
    replies @2 :UInt16;             # outputs of the model
    seed @3 :UInt64;
    inputs @4 :List(Kind);          # of random requests, by input of the model
    given @5 :List(List(Data));     # arrays, by request and input
    workload @6 :Options.Settings;
    instantsPs @7 :List(Int64);     # of a trace
    stepAxis :group {               # the extent of an input that says the steps of a request
      given @8 :Bool;
      input @9 :UInt32;
      axis @10 :UInt32;
    }
    steps @11 :Int64;               # without it: of all requests
    symbols @12 :List(Int64);       # by input of the model: random integers are less
    carriesState @13 :Bool;         # from request to request
  }
  struct Kind {
    type @0 :UInt8;
    shape @1 :List(Int64);
  }
}

# A graph of operators (partition/ir/graph.h). Values are indices; absent is the largest number.
struct Graph {
  opset @0 :Int64;
  values @1 :List(Value);
  nodes @2 :List(Node);
  inputs @3 :List(UInt32);
  outputs @4 :List(UInt32);

  struct Value {
    name @0 :Text;
    constant @1 :Data;              # an array; empty: none
  }
  struct Node {
    name @0 :Text;
    op @1 :Text;
    inputs @2 :List(UInt32);
    outputs @3 :List(UInt32);
    attributes @4 :List(Attribute);
    captured @5 :UInt32;
  }
  struct Attribute {
    name @0 :Text;
    union {
      real @1 :Float32;
      integer @2 :Int64;
      text @3 :Data;
      reals @4 :List(Float32);
      integers @5 :List(Int64);
      texts @6 :List(Data);
      array @7 :Data;
      graph @8 :Graph;
      other @9 :Void;
    }
  }
}
