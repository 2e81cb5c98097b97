// Rings in shared memory: used by the rules, everything comes out as it went in; with any bytes in the
// memory, as a peer may write them, the reader stays inside and ends.
#include <algorithm>
#include <array>
#include <deque>
#include <vector>

#include "fabric/shm/frame_record.h"
#include "fabric/shm/packet_ring.h"
#include "fabric/shm/ring.h"
#include "protocol/base/check.h"
#include "tests/fuzz/bytes.h"

namespace soliton {
namespace {

constexpr std::size_t kRingBytes = 256;
constexpr int kStepsMost = 500;
using Record = std::vector<std::byte>;

Record record_of(std::uint8_t size, std::uint8_t first) {
  Record out(size % 100 + 1U);
  for (std::size_t i = 0; i < out.size(); ++i) out[i] = static_cast<std::byte>(first + i);
  return out;
}

void used_by_the_rules(FuzzBytes in) {
  RingIndices indices;
  indices.written = indices.read = in.number(8) & ~std::uint64_t{7};
  alignas(8) std::array<std::byte, kRingBytes> memory{};
  Ring ring(indices, memory);
  std::deque<Record> there;
  for (int step = 0; !in.done() && step < kStepsMost; ++step) {
    const std::uint8_t op = in.byte();
    if (op % 3 != 0) {
      const Record record = record_of(in.byte(), op);
      const std::size_t cut = op % record.size();
      if (ring.write(std::span(record).first(cut), std::span(record).subspan(cut)))
        there.push_back(record);
      else
        SOLITON_CHECK(!there.empty());  // a record that fits is refused by a full ring only
      continue;
    }
    const Result<std::uint32_t> next = ring.next();
    SOLITON_CHECK(next && (*next == 0) == there.empty() && ring.empty() == there.empty());
    if (there.empty()) {
      if (op >= 128) ring.rewind();
      continue;
    }
    Record got(*next);
    ring.copy(0, got);
    SOLITON_CHECK(got == there.front());
    ring.pop();
    there.pop_front();
  }
}

void written_by_anybody(FuzzBytes in) {
  RingIndices indices;
  indices.written = in.number(8);
  indices.read = in.number(8);
  alignas(8) std::array<std::byte, kRingBytes> memory{};
  std::ranges::transform(in.take(kRingBytes), memory.begin(),
                         [](std::uint8_t b) { return std::byte{b}; });
  Ring ring(indices, memory);
  const bool frames = in.byte() % 2 != 0;
  for (std::size_t step = 0; step < 2 * kRingBytes; ++step) {
    if (frames) {
      const Result<std::optional<Frame>> frame = read_frame(ring);
      if (!frame || !*frame) return;
      SOLITON_CHECK((*frame)->datagram.payload.bytes.size() <= kRingBytes);
      continue;
    }
    const Result<std::uint32_t> next = ring.next();
    if (!next || *next == 0) return;
    SOLITON_CHECK(*next <= kRingBytes);
    Record got(*next);
    ring.copy(0, got);
    ring.pop();
  }
  SOLITON_CHECK_MSG(false, "{} records in {} bytes", 2 * kRingBytes, kRingBytes);
}

void slots_written_by_anybody(FuzzBytes in) {
  constexpr PacketRingShape kShape{.slots = 4, .packet_bytes = 56};
  alignas(64) std::array<std::byte, 64 + 4 * 64> memory{};
  SOLITON_CHECK(kShape.bytes() == memory.size());
  std::ranges::transform(in.take(memory.size()), memory.begin(),
                         [](std::uint8_t b) { return std::byte{b}; });
  const PacketRing ring(memory.data(), kShape);
  PacketConsumer consumer(ring);
  // Marks that are not made anew name one packet each, once.
  for (std::uint32_t taken = 0; consumer.ready(); ++taken) {
    SOLITON_CHECK(taken < kShape.slots);
    const std::span<const std::byte> packet = consumer.take();
    SOLITON_CHECK(packet.data() >= memory.data() && packet.size() <= ring.room());
    SOLITON_CHECK(packet.data() + packet.size() <= memory.data() + memory.size());
    consumer.release(false);
  }
}

}  // namespace
}  // namespace soliton

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  soliton::FuzzBytes in(data, size);
  switch (in.byte() % 3) {
    case 0:
      soliton::used_by_the_rules(in);
      break;
    case 1:
      soliton::written_by_anybody(in);
      break;
    default:
      soliton::slots_written_by_anybody(in);
  }
  return 0;
}
