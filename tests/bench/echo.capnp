# What Cap'n Proto RPC echoes for `soliton bench ltl --long`.
@0xc3a5e1f0b4d29716;

using Cxx = import "/capnp/c++.capnp";
$Cxx.namespace("soliton::bench");

interface Echo {
  call @0 (body :Data) -> (body :Data);
}
