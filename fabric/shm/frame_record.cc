#include "fabric/shm/frame_record.h"

#include <fmt/format.h>

#include <type_traits>

namespace soliton {
namespace {

struct FrameHead {
  std::int64_t at;  // ps
  std::uint64_t ordinal;
  std::uint64_t ghost;
  std::uint32_t source;
  std::uint32_t destination;
  std::uint32_t bytes;
  std::uint8_t traffic_class;
  std::uint8_t congestion_seen;
  std::uint8_t damaged;
  std::uint8_t zero;
};
static_assert(sizeof(FrameHead) == 40 && std::is_trivially_copyable_v<FrameHead>);

}  // namespace

bool write_frame(Ring& ring, const Frame& frame) {
  const Datagram& datagram = frame.datagram;
  const FrameHead head{.at = frame.at.time_since_epoch().count(),
                       .ordinal = frame.ordinal,
                       .ghost = datagram.payload.ghost,
                       .source = index(datagram.source),
                       .destination = index(datagram.destination),
                       .bytes = static_cast<std::uint32_t>(datagram.payload.bytes.size()),
                       .traffic_class = datagram.traffic_class,
                       .congestion_seen = datagram.congestion_seen,
                       .damaged = datagram.damaged,
                       .zero = 0};
  return ring.write(std::as_bytes(std::span(&head, 1)), datagram.payload.bytes);
}

Result<std::optional<Frame>> read_frame(Ring& ring) {
  const Result<std::uint32_t> size = ring.next();
  if (!size) return tl::unexpected(size.error());
  if (*size == 0) return std::nullopt;
  FrameHead head{};
  if (*size >= sizeof head) ring.copy(0, std::as_writable_bytes(std::span(&head, 1)));
  if (*size < sizeof head || *size != sizeof head + head.bytes || head.zero != 0) {
    return failure(ErrorCode::kBroken, fmt::format("a record of {} bytes is not a frame", *size));
  }
  Frame frame;
  frame.at = Instant{Duration{head.at}};
  frame.ordinal = head.ordinal;
  frame.datagram = {.source = NodeId{head.source},
                    .destination = NodeId{head.destination},
                    .traffic_class = head.traffic_class,
                    .congestion_seen = head.congestion_seen != 0,
                    .damaged = head.damaged != 0,
                    .payload = {}};
  frame.datagram.payload.ghost = head.ghost;
  frame.datagram.payload.bytes.resize(head.bytes);
  ring.copy(sizeof head, frame.datagram.payload.bytes);
  ring.pop();
  return frame;
}

}  // namespace soliton
