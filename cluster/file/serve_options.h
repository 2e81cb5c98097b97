// How `soliton serve` answers clients: `serve:` of a cluster file. It is no part of what a run is made of, and
// so none of ClusterSpec.
#pragma once

#include <cstdint>
#include <string>

#include "cluster/file/spec.h"
#include "protocol/base/quantity.h"
#include "protocol/base/time.h"

namespace soliton {

class MapReader;
struct YamlFile;

struct ServeOptions {
  std::string listen = "127.0.0.1:8000";    // an IPv4 address and a port; 0: any free one
  std::uint32_t queue = 64;                 // requests that wait or are computed; more are refused
  Bytes body{16 << 20};                     // of one HTTP request
  Duration timeout = milliseconds(30'000);  // of wall time, for a request to arrive
  std::string token_file;                   // "": none, which loopback alone allows
};

extern const FieldTable kServeFields;

// `serve:` of a cluster file that is being read.
ServeOptions read_serve(MapReader& cluster);
// The same alone, of a file that was read without errors.
ServeOptions serve_options(YamlFile yaml, const Overrides& overrides);

}  // namespace soliton
