// A vector that passes between layers: who makes which part of it, and where it is already stored.
#pragma once

#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "partition/lower/builder.h"
#include "partition/lower/lower.h"

namespace soliton {

inline constexpr std::size_t kHostNode = static_cast<std::size_t>(-1);

struct Producer {
  std::size_t node = kHostNode;
  std::int64_t elements = 0;
  std::uint16_t out_port = 0;  // undefined for the host, and if no consumer needs a message
  // Of the host: which of LayerGraph::sources, and its vectors in a request. Further sources stand for
  // what layers outside a part of the model make.
  std::size_t source = 0;
  std::int64_t tokens = 1;
};

// The output of one direction of a layer; its producers hold its slices in order.
struct Part {
  std::int64_t elements = 0;
  bool reverse = false;  // made in order from the last step to the first
  std::vector<Producer> producers;
  std::set<std::size_t> complete;  // nodes that have all of it in Value::region after the last step
};

struct Value {
  std::string name;
  bool sequence = true;  // true: one vector for each step; false: one for each request
  std::vector<Part> parts;
  // By node: the InitialVrf registers where it keeps the value. The node's own slices are always
  // there; complete parts are too.
  std::map<std::size_t, std::uint32_t> region;
};

// By the name that layers have for them.
using Values = std::map<LayerInput, Value>;

// Registers, from the first native vector on.
struct Registers {
  Memory memory = Memory::kInitialVrf;
  std::uint32_t index = 0;
  bool operator==(const Registers&) const = default;
};

// Moves one message from NetQ into registers, and on to other ports.
struct Move {
  std::uint16_t in_port = 0;
  std::uint32_t to = 0;
  std::uint32_t vectors = 0;
  std::vector<std::uint16_t> forward;
  Memory memory = Memory::kInitialVrf;  // kNone: the message is only passed on
  std::vector<Registers> also = {};     // further registers that want it
};

// How a node receives the input of a pass.
struct Feed {
  std::uint32_t region = 0;
  std::vector<Move> moves;
  std::vector<Move> ahead;  // one step ahead: what it passes on to the other nodes of the pass
};

// The shards of a cluster while they are built and refer to each other.
class Wiring {
 public:
  // `request` must outlive the object.
  Wiring(std::vector<std::unique_ptr<ShardBuilder>> builders, const LowerRequest& request)
      : builders_(std::move(builders)), request_(request) {}

  ShardBuilder& at(std::size_t node) { return *builders_[node]; }
  std::size_t size() const { return builders_.size(); }

  // An InPort of `consumer` for what `producer` sends. `read_reverse`: the consumer wants the last
  // step first.
  std::uint16_t connect(const Value& value, const Part& part, const Producer& producer,
                        std::size_t consumer, bool read_reverse);
  // Some rows of what a host sends: `producer`'s, from its first element on.
  std::uint16_t connect_rows(const Value& value, const Producer& producer, RowRange rows,
                             std::size_t consumer);
  // Ports and a region for all of a sequence.
  Feed open_feed(const Value& value, std::size_t consumer, bool read_reverse);
  // The host's input in slices: each consumer takes one and passes it on to all, a step ahead, so
  // that the host's cable carries the vector once. The last consumers take the fuller slices.
  // REQUIRES: the host makes all of `value`.
  std::map<std::size_t, Feed> open_scattered(const Value& value, std::vector<std::size_t> consumers,
                                             bool read_reverse);
  // The same input once more for a later pass on the same node, last step first: what `first` reads
  // is looped back.
  Feed loop_feed(Feed& first, const std::string& name, std::size_t node);
  // Moves that complete a value made once; the region is allocated when the node has none.
  Feed open_once(const Value& value, std::size_t consumer);
  // An OutPort of `from` and an InPort of `to` for `elements` values.
  struct Line {
    std::uint16_t out_port = 0;
    std::uint16_t in_port = 0;
  };
  Line open_line(std::size_t from, std::size_t to, const std::string& name, std::int64_t elements);
  void emit(std::size_t node, const std::string& label, const std::vector<Move>& moves);
  // Part of every vector of a source, to an InPort of `consumer`.
  std::uint16_t open_source(std::size_t source, std::int64_t offset, std::int64_t elements,
                            std::size_t consumer, const std::string& name);
  // A result to reader number `reader` on `host`, whose ports begin with `first_port`: one for each
  // slice.
  void connect_result(const Value& value, const std::string& host, std::uint16_t first_port,
                      std::size_t reader, std::int64_t tokens, HostPorts& to);
  std::vector<HostPorts::Send> take_sends();

 private:
  // What a host sends to `port` of `consumer`.
  void from_host(const HostPorts::Send& send, std::size_t consumer, std::uint16_t port);
  // Who sends a source.
  const std::string& host_of(std::size_t source) const;
  HostPorts::Send whole(const Producer& producer, bool reversed) const;

  std::vector<std::unique_ptr<ShardBuilder>> builders_;
  const LowerRequest& request_;
  std::vector<HostPorts::Send> sends_;
};

}  // namespace soliton
