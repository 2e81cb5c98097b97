// What managers and agents say to each other, and the envelope of all messages in a managed run: bytes
// behind a message that say what it is, which generation it is of, and with which request that generation
// begins. Receivers refuse what is older than their own generation: that, and not the clocks of those who
// hold leases, is what keeps a node that was replaced from having an effect.
#pragma once

#include <cstdint>
#include <optional>
#include <utility>
#include <vector>

#include "protocol/base/payload.h"
#include "protocol/base/time.h"
#include "protocol/base/types.h"

namespace soliton {

struct Envelope {
  enum class What : std::uint8_t { kData, kQuestion, kStatus, kAssignment };
  What what = What::kData;
  std::uint32_t generation = 1;
  std::uint32_t first = 0;  // kData: the first request of the generation
};
inline constexpr std::size_t kEnvelopeBytes = 12;
void add_envelope(const Envelope& envelope, Payload& message);
// nullopt, with no effect: there is none, which no peer sends.
std::optional<Envelope> take_envelope(Payload& message);

inline constexpr NodeId kNoSlot{UINT32_MAX};

// Manager to agent: an agent answers each with its status.
struct Question {
  std::uint64_t number = 0;
};

// Agent to manager.
struct AgentStatus {
  std::uint64_t number = 0;  // of the question; 0: nobody asked
  std::uint32_t generation = 0;
  std::uint32_t layout = 0;
  NodeId slot = kNoSlot;       // that it has, or is being configured for
  NodeId refused = kNoSlot;    // a slot that it was granted and refused
  std::uint64_t progress = 0;  // messages that its role has taken and made
  std::uint64_t waiting = 0;   // things that its role could do and has not done
  bool busy = false;           // cannot be granted anything now
  bool broken = false;         // could not be configured
};

// Manager to agents: who has which slot from now on.
struct Grant {
  NodeId slot{};
  NodeId node{};
  std::uint64_t fence = 0;  // grows with every grant of the device
  bool operator==(const Grant&) const = default;
};
struct Assignment {
  std::uint32_t generation = 0;
  std::uint32_t layout = 0;   // which division of the model
  std::vector<Grant> grants;  // all slots of the layout, in ascending order
};

Payload pack(const Question& question);
Payload pack(const AgentStatus& status);
Payload pack(const Assignment& assignment);
// nullopt: the bytes are not such a message.
std::optional<Question> unpack_question(const Payload& message);
std::optional<AgentStatus> unpack_status(const Payload& message);
std::optional<Assignment> unpack_assignment(const Payload& message);

}  // namespace soliton
