#include "fabric/shm/pulse_board.h"

#include <algorithm>
#include <new>
#include <utility>

#include "protocol/base/check.h"

namespace soliton {

Result<PulseBoard> PulseBoard::create(std::size_t nodes) {
  const std::size_t count = std::max<std::size_t>(nodes, 1);
  Result<SharedMemory> memory = SharedMemory::create("soliton-pulses", count * sizeof(Pulse));
  if (!memory) return tl::unexpected<Error>(memory.error());
  for (std::size_t i = 0; i < count; ++i) new (memory->data() + i * sizeof(Pulse)) Pulse;
  return PulseBoard(std::move(*memory));
}

Result<PulseBoard> PulseBoard::attach(int descriptor) {
  Result<SharedMemory> memory = SharedMemory::attach(descriptor, sizeof(Pulse), "a pulse board");
  if (!memory) return tl::unexpected<Error>(memory.error());
  return PulseBoard(std::move(*memory));
}

Pulse& PulseBoard::of(NodeId node) const {
  SOLITON_CHECK(index(node) < size());
  return *std::launder(reinterpret_cast<Pulse*>(memory_.data() + index(node) * sizeof(Pulse)));
}

}  // namespace soliton
