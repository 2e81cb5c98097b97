#include "partition/lower/value.h"

#include <algorithm>

namespace soliton {
namespace {

std::uint32_t region_vectors(const ShardBuilder& builder, const Value& value) {
  std::uint32_t vectors = 0;
  for (const Part& part : value.parts) vectors += builder.vectors(part.elements);
  return vectors;
}

}  // namespace

std::uint16_t Wiring::connect(const Value& value, const Part& part, const Producer& producer,
                              std::size_t consumer, bool read_reverse) {
  ShardBuilder& builder = at(consumer);
  if (producer.node == kHostNode) {
    const std::uint16_t port =
        builder.in_port(value.name + " from " + host_name_, producer.elements);
    auto step_port = std::ranges::find(host_inputs_, read_reverse, &HostShard::StepPort::reversed);
    if (step_port == host_inputs_.end())
      step_port = host_inputs_.insert(step_port, {read_reverse, {}});
    step_port->destinations.push_back({builder.node(), port});
    return port;
  }
  const bool turned = value.sequence && part.reverse != read_reverse;
  const std::uint16_t port =
      builder.in_port(value.name + " from " + at(producer.node).node(), producer.elements, turned);
  at(producer.node).connect(producer.out_port, builder.node(), port);
  return port;
}

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
    at(node)
        .chain(label, move.vectors)
        .read_port(move.in_port)
        .write(Memory::kInitialVrf, move.to)
        .send(move.forward);
  }
}

void Wiring::connect_replies(const Value& value, HostShard& host) {
  std::int64_t offset = 0;
  for (const Part& part : value.parts) {
    for (const Producer& producer : part.producers) {
      at(producer.node)
          .connect(producer.out_port, host_name_, static_cast<std::uint16_t>(host.replies.size()));
      host.replies.push_back({static_cast<std::uint32_t>(producer.elements),
                              static_cast<std::uint32_t>(offset), value.sequence && part.reverse});
      offset += producer.elements;
    }
  }
}

std::vector<HostShard::StepPort> Wiring::take_host_inputs() {
  std::ranges::stable_sort(host_inputs_, {}, &HostShard::StepPort::reversed);
  return std::move(host_inputs_);
}

}  // namespace soliton
