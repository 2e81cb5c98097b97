#include "partition/lower/value.h"

#include <algorithm>

#include "partition/lower/placement.h"
#include "protocol/base/check.h"

namespace soliton {
namespace {

std::uint32_t region_vectors(const ShardBuilder& builder, const Value& value) {
  std::uint32_t vectors = 0;
  for (const Part& part : value.parts) vectors += builder.vectors(part.elements);
  return vectors;
}

}  // namespace

// A consumer that reads a sequence against the order in which it is made gets a reversed port,
// which is read only when all messages are there. The host can send in either order.
std::uint16_t Wiring::connect(const Value& value, const Part& part, const Producer& producer,
                              std::size_t consumer, bool read_reverse) {
  ShardBuilder& builder = at(consumer);
  if (producer.node == kHostNode) {
    const std::uint16_t port =
        builder.in_port(value.name + " from " + host_of(producer.source), producer.elements);
    from_host(whole(producer, read_reverse), consumer, port);
    return port;
  }
  const bool turned = value.sequence && part.reverse != read_reverse;
  const std::uint16_t port =
      builder.in_port(value.name + " from " + at(producer.node).node(), producer.elements, turned);
  at(producer.node).connect(producer.out_port, builder.node(), port);
  return port;
}

std::uint16_t Wiring::connect_rows(const Value& value, const Producer& producer, RowRange rows,
                                   std::size_t consumer) {
  const std::uint16_t port =
      at(consumer).in_port(value.name + " slice from " + host_of(producer.source), rows.count);
  HostPorts::Send send = whole(producer, false);
  send.offset = rows.first;
  send.elements = rows.count;
  from_host(send, consumer, port);
  return port;
}

// All slices of all parts side by side, each from a native-vector border: a product then reads the
// whole vector as one range.
Feed Wiring::open_feed(const Value& value, std::size_t consumer, bool read_reverse) {
  ShardBuilder& builder = at(consumer);
  Feed feed{builder.reserve(Memory::kInitialVrf, region_vectors(builder, value)), {}};
  std::uint32_t to = feed.region;
  for (const Part& part : value.parts) {
    for (const Producer& producer : part.producers) {
      const std::uint32_t vectors = builder.vectors(producer.elements);
      feed.moves.push_back(
          {connect(value, part, producer, consumer, read_reverse), to, vectors, {}});
      to += vectors;
    }
  }
  return feed;
}

// Destinations of the same part of a source share a port, so the host makes it only once.
void Wiring::from_host(const HostPorts::Send& send, std::size_t consumer, std::uint16_t port) {
  auto at_port = std::ranges::find_if(sends_, [&](const HostPorts::Send& it) {
    return it.reversed == send.reversed && it.offset == send.offset &&
           it.elements == send.elements && it.source == send.source;
  });
  if (at_port == sends_.end()) at_port = sends_.insert(at_port, send);
  at_port->destinations.push_back({at(consumer).node(), port});
}

const std::string& Wiring::host_of(std::size_t source) const {
  return request_.ends == nullptr ? request_.host : request_.ends->source_hosts.at(source);
}

HostPorts::Send Wiring::whole(const Producer& producer, bool reversed) const {
  return {producer.source,
          host_of(producer.source),
          producer.tokens,
          0,
          producer.elements,
          reversed,
          {}};
}

std::uint16_t Wiring::open_source(std::size_t source, std::int64_t offset, std::int64_t elements,
                                  std::size_t consumer, const std::string& name) {
  const std::uint16_t port = at(consumer).in_port(name + " from " + host_of(source), elements);
  HostPorts::Send send = whole({kHostNode, elements, 0, source, 1}, false);
  send.offset = offset;
  from_host(send, consumer, port);
  return port;
}

// Each node takes its slice from the host and forwards it without keeping it; every node, the taker
// included, receives all slices through ports of their own.
std::map<std::size_t, Feed> Wiring::open_scattered(const Value& value,
                                                   std::vector<std::size_t> consumers,
                                                   bool read_reverse) {
  SOLITON_CHECK(value.parts.size() == 1 && value.parts[0].producers.size() == 1 &&
                value.parts[0].producers[0].node == kHostNode);
  const HostPorts::Send all = whole(value.parts[0].producers[0], read_reverse);
  std::map<std::size_t, Feed> feeds;
  for (const std::size_t node : consumers)
    feeds[node].region = at(node).reserve(Memory::kInitialVrf, region_vectors(at(node), value));
  // split_rows() gives the larger slices to the first, and the first nodes have the larger slices
  // of the layer's rows already.
  std::ranges::reverse(consumers);
  const std::vector<Slice> slices =
      split_rows(value.parts[0].elements, at(consumers[0]).native_dim(), consumers);
  for (std::size_t i = 0; i < slices.size(); ++i) {
    const auto& [node, rows] = slices[i];
    ShardBuilder& taker = at(node);
    const std::uint16_t in = taker.in_port(value.name + " slice from " + all.host, rows.count);
    HostPorts::Send send = all;
    send.offset = rows.first;
    send.elements = rows.count;
    from_host(send, node, in);
    // Each taker begins with another destination, so that not all send to the same node at once.
    const std::uint16_t out = taker.out_port(value.name + " to all", rows.count, i + 1);
    feeds[node].ahead.push_back({in, 0, taker.vectors(rows.count), {out}, Memory::kNone});
    for (const std::size_t consumer : consumers) {
      ShardBuilder& reader = at(consumer);
      const std::uint16_t port = reader.in_port(value.name + " from " + taker.node(), rows.count);
      taker.connect(out, reader.node(), port);
      // The taker's own slice comes back to it through a port, too, and waits there for its step:
      // it was passed on ahead of time.
      Feed& feed = feeds[consumer];
      feed.moves.push_back(
          {port, feed.region + reader.vectors(rows.first), reader.vectors(rows.count), {}});
    }
  }
  return feeds;
}

Wiring::Line Wiring::open_line(std::size_t from, std::size_t to, const std::string& name,
                               std::int64_t elements) {
  ShardBuilder& sender = at(from);
  ShardBuilder& reader = at(to);
  const Line line{sender.out_port(name + " to " + reader.node(), elements),
                  reader.in_port(name + " from " + sender.node(), elements)};
  sender.connect(line.out_port, reader.node(), line.in_port);
  return line;
}

// The second pass reads the input last step first: each message of the first pass is also sent to
// the node itself, through a reversed port.
Feed Wiring::loop_feed(Feed& first, const std::string& name, std::size_t node) {
  ShardBuilder& builder = at(node);
  Feed again{first.region, {}};
  for (Move& move : first.moves) {
    const std::int64_t elements = builder.in_port_elements(move.in_port);
    const std::uint16_t out = builder.out_port(name + " again", elements);
    const std::uint16_t in = builder.in_port(name + " again, last step first", elements, true);
    builder.connect(out, builder.node(), in);
    move.forward.push_back(out);
    again.moves.push_back({in, move.to, move.vectors, {}});
  }
  return again;
}

// Messages are needed only for slices that are not in the consumer's registers yet.
Feed Wiring::open_once(const Value& value, std::size_t consumer) {
  ShardBuilder& builder = at(consumer);
  const auto present = value.region.find(consumer);
  const bool resident = present != value.region.end();
  Feed feed{resident ? present->second
                     : builder.reserve(Memory::kInitialVrf, region_vectors(builder, value)),
            {}};
  std::uint32_t to = feed.region;
  for (const Part& part : value.parts) {
    for (const Producer& producer : part.producers) {
      const std::uint32_t vectors = builder.vectors(producer.elements);
      const bool here =
          resident && (part.complete.count(consumer) > 0 || producer.node == consumer);
      if (!here)
        feed.moves.push_back({connect(value, part, producer, consumer, false), to, vectors, {}});
      to += vectors;
    }
  }
  return feed;
}

void Wiring::emit(std::size_t node, const std::string& label, const std::vector<Move>& moves) {
  for (const Move& move : moves) {
    ChainWriter chain = at(node).chain(label, move.vectors);
    chain.read_port(move.in_port);
    if (move.memory != Memory::kNone) chain.write(move.memory, move.to);
    for (const Registers& to : move.also) chain.write(to.memory, to.index);
    chain.send(move.forward);
  }
}

void Wiring::connect_result(const Value& value, const std::string& host, std::uint16_t first_port,
                            std::size_t reader, std::int64_t tokens, HostPorts& to) {
  std::int64_t offset = 0;
  std::uint16_t port = first_port;
  for (const Part& part : value.parts)
    for (const Producer& producer : part.producers) {
      at(producer.node).connect(producer.out_port, host, port);
      // A direction that runs backwards sends its last step first; the host puts the steps in
      // order.
      to.takes.push_back({reader, host, port++, tokens, offset, producer.elements,
                          value.sequence && part.reverse});
      offset += producer.elements;
    }
}

std::vector<HostPorts::Send> Wiring::take_sends() {
  std::ranges::stable_sort(sends_, {}, &HostPorts::Send::reversed);
  return std::move(sends_);
}

}  // namespace soliton
