#include "protocol/control/peer_message.h"

#include <capnp/message.h>
#include <capnp/serialize.h>

#include <algorithm>
#include <cstring>

#include "protocol/control/peer.capnp.h"

namespace soliton {
namespace {

std::string cut(const std::string& text) { return text.substr(0, kPeerTextMax); }

void fill(const PeerHello& m, wire::PeerMessage::Builder root) {
  wire::Hello::Builder out = root.initHello();
  out.setNode(cut(m.node).c_str());
  out.setDevice(cut(m.device).c_str());
  out.setEpoch(m.epoch);
  out.setProtocolMin(m.protocol_min);
  out.setProtocolMax(m.protocol_max);
  out.setCapabilities(m.capabilities);
  out.setImageHash(m.image_hash);
  out.setChannels(m.channels);
}

void fill(const PeerHealth& m, wire::PeerMessage::Builder root) {
  wire::Health::Builder out = root.initHealth();
  out.setAtPs(m.at.time_since_epoch().count());
  out.setProgress(m.progress);
  out.setQueuedBytes(m.queued_bytes);
  out.setBusyPermille(m.busy_permille);
}

void fill(const PeerStatistics& m, wire::PeerMessage::Builder root) {
  wire::Statistics::Builder out = root.initStatistics();
  out.setMessagesSent(m.messages_sent);
  out.setMessagesDelivered(m.messages_delivered);
  out.setPacketsSent(m.packets_sent);
  out.setRetransmitted(m.retransmitted);
  out.setTimeouts(m.timeouts);
  out.setDropped(m.dropped);
  out.setRttMeanPs(m.rtt_mean.count());
}

void fill(const PeerError& m, wire::PeerMessage::Builder root) {
  wire::PeerError::Builder out = root.initError();
  out.setCode(m.code);
  out.setMessage(cut(m.message).c_str());
}

std::string text_of(capnp::Text::Reader text) {
  return std::string(text.begin(), std::min<std::size_t>(text.size(), kPeerTextMax));
}

PeerHello read(wire::Hello::Reader in) {
  return {text_of(in.getNode()), text_of(in.getDevice()), in.getEpoch(),     in.getProtocolMin(),
          in.getProtocolMax(),   in.getCapabilities(),    in.getImageHash(), in.getChannels()};
}

PeerStatistics read(wire::Statistics::Reader in) {
  return {in.getMessagesSent(),       in.getMessagesDelivered(), in.getPacketsSent(),
          in.getRetransmitted(),      in.getTimeouts(),          in.getDropped(),
          Duration{in.getRttMeanPs()}};
}

Result<PeerMessage> read(wire::PeerMessage::Reader in) {
  switch (in.which()) {
    case wire::PeerMessage::HELLO:
      return PeerMessage{read(in.getHello())};
    case wire::PeerMessage::HEALTH: {
      const wire::Health::Reader health = in.getHealth();
      return PeerMessage{PeerHealth{Instant{Duration{health.getAtPs()}}, health.getProgress(),
                                    health.getQueuedBytes(), health.getBusyPermille()}};
    }
    case wire::PeerMessage::STATISTICS:
      return PeerMessage{read(in.getStatistics())};
    case wire::PeerMessage::ERROR:
      return PeerMessage{PeerError{in.getError().getCode(), text_of(in.getError().getMessage())}};
  }
  return invalid("control message of a kind that this version does not know");
}

// The segment table opens with the number of segments less one, little-endian.
bool few_segments(std::span<const std::byte> bytes) {
  std::uint32_t last = 0;
  for (std::size_t i = 0; i < 4; ++i) last |= std::to_integer<std::uint32_t>(bytes[i]) << (8 * i);
  return last < kPeerSegmentsMax;
}

}  // namespace

std::vector<std::byte> encode_peer_message(const PeerMessage& message) {
  capnp::MallocMessageBuilder builder;
  const auto root = builder.initRoot<wire::PeerMessage>();
  std::visit([&](const auto& m) { fill(m, root); }, message);
  const kj::Array<capnp::word> flat = capnp::messageToFlatArray(builder);
  std::vector<std::byte> out(flat.asBytes().size());
  std::memcpy(out.data(), flat.asBytes().begin(), out.size());
  return out;
}

Result<PeerMessage> decode_peer_message(std::span<const std::byte> bytes) {
  if (bytes.size() < 8 || bytes.size() % 8 != 0 || bytes.size() > kPeerMessageBytesMax)
    return invalid("control message of a size that none has");
  if (!few_segments(bytes)) return invalid("control message in too many segments");
  std::vector<capnp::word> words(bytes.size() / sizeof(capnp::word));
  std::memcpy(words.data(), bytes.data(), bytes.size());
  try {
    capnp::ReaderOptions limits;
    limits.traversalLimitInWords = 4 * words.size() + 64;
    limits.nestingLimit = 16;
    capnp::FlatArrayMessageReader reader(kj::arrayPtr(words.data(), words.size()), limits);
    return read(reader.getRoot<wire::PeerMessage>());
  } catch (const kj::Exception& error) {
    return invalid(std::string("control message: ") + error.getDescription().cStr());
  }
}

Result<std::uint16_t> common_protocol(const PeerHello& a, const PeerHello& b) {
  const std::uint16_t highest = std::min(a.protocol_max, b.protocol_max);
  if (highest < std::max(a.protocol_min, b.protocol_min))
    return invalid("no protocol version that both speak");
  return highest;
}

}  // namespace soliton
