@0xb7c1a2f04d5e6893;
# Options of any table of fields (protocol/base/fields.h), key by key. Records, histograms and tensors have types of
# their own; this is for what is set up once.
using Cxx = import "/capnp/c++.capnp";
$Cxx.namespace("soliton::wire");

struct Settings {
  items @0 :List(Setting);
}

struct Setting {
  key @0 :Text;
  union {
    number @1 :Int64;
    real @2 :Float64;
    text @3 :Text;
    numbers @4 :List(Int64);
    map @5 :Settings;
    maps @6 :List(Settings);
  }
}
