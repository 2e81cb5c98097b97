@0xd2a7c4b39e5f1806;
# A shard as it is handed to a node process (protocol/isa/shard.h), read in place from the memfd that holds it.
using Cxx = import "/capnp/c++.capnp";
using Settings = import "settings.capnp";
$Cxx.namespace("soliton::wire");

struct NumberFormat {
  name @0 :Text;
  exponentBits @1 :UInt8;
  mantissaBits @2 :UInt8;
  block @3 :UInt32;
  scaleBits @4 :UInt8;
  rounding @5 :UInt8;
  overflow @6 :UInt8;
  flush @7 :Bool;
  ditherSeed @8 :UInt64;
}

struct NpuDevice {
  settings @0 :Settings.Settings;   # kNpuFields of protocol/isa/device.h
  formats @1 :List(DeviceFormat);

  struct DeviceFormat {
    format @0 :NumberFormat;
    beatsPerTile @1 :Int64;
  }
}

struct Program {
  words @0 :List(UInt32);     # protocol/isa encode()
  labels @1 :List(Text);      # one a chain
  segments @2 :List(Segment);

  struct Segment {
    first @0 :UInt32;
    last @1 :UInt32;
    fixed @2 :Int32;
    perStep @3 :Int32;
    most @4 :UInt32;          # 0: no limit
  }
}

struct Matrix {
  name @0 :Text;
  tileAddress @1 :UInt32;
  tileRows @2 :UInt32;
  tileColumns @3 :UInt32;
  format @4 :NumberFormat;
  rows @5 :Int32;
  columns @6 :Int32;
  blockStarts @7 :List(Int32);
  mantissas @8 :Data;         # int8, row-major
  exponents @9 :Data;         # int16 little endian
  memory @10 :UInt8;
  wide @11 :Data;             # fp32 little endian, row-major
  scales @12 :Data;           # fp32 little endian
}

struct Vector {
  name @0 :Text;
  memory @1 :UInt8;
  index @2 :UInt32;
  values @3 :Data;            # fp16 little endian
}

struct Destination {
  peer @0 :Text;
  port @1 :UInt16;
}

struct Shard {
  node @0 :Text;
  device @1 :NpuDevice;
  format @2 :NumberFormat;
  beatsPerTile @3 :Int64;
  program @4 :Program;
  matrices @5 :List(Matrix);
  vectors @6 :List(Vector);
  zeroed @7 :List(Zeroed);
  inPorts @8 :List(InPort);
  outPorts @9 :List(OutPort);
  windowTiles @10 :UInt32;
  batch @11 :UInt32 = 1;

  struct Zeroed {
    memory @0 :UInt8;
    first @1 :UInt32;
    count @2 :UInt32;
    once @3 :Bool;
  }
  struct InPort {
    name @0 :Text;
    elements @1 :UInt32;
    reversed @2 :Bool;
  }
  struct OutPort {
    name @0 :Text;
    elements @1 :UInt32;
    destinations @2 :List(Destination);
  }
}
