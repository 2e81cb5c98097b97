#include "node/recovery/recovery_message.h"

#include <cstring>
#include <span>

namespace soliton {
namespace {

// Words of 32 bits, the low byte first.
class WordWriter {
 public:
  void word(std::uint32_t value) {
    for (int shift = 0; shift < 32; shift += 8)
      bytes_.push_back(static_cast<std::byte>(value >> shift));
  }
  void wide(std::uint64_t value) {
    word(static_cast<std::uint32_t>(value));
    word(static_cast<std::uint32_t>(value >> 32));
  }
  void node(NodeId value) { word(index(value)); }
  Payload done() { return {std::move(bytes_), 0}; }

 private:
  std::vector<std::byte> bytes_;
};

class WordReader {
 public:
  explicit WordReader(std::span<const std::byte> bytes) : bytes_(bytes) {}
  std::uint32_t word() {
    std::uint32_t out = 0;
    for (std::size_t i = 0; i < sizeof out; ++i)
      out |= static_cast<std::uint32_t>(bytes_[i]) << (8 * i);
    bytes_ = bytes_.subspan(sizeof out);
    return out;
  }
  std::uint64_t wide() {
    const std::uint64_t low = word();
    return low | static_cast<std::uint64_t>(word()) << 32;
  }
  NodeId node() { return NodeId{word()}; }

 private:
  std::span<const std::byte> bytes_;
};

constexpr std::size_t kWord = sizeof(std::uint32_t);
constexpr std::size_t kQuestionBytes = 2 * kWord;
constexpr std::size_t kStatusBytes = 11 * kWord;
constexpr std::size_t kAssignmentHead = 2 * kWord;
constexpr std::size_t kGrantBytes = 4 * kWord;
constexpr std::uint32_t kBusy = 1, kBroken = 2;

// Messages of the control plane have real bytes only.
bool has_size(const Payload& message, std::size_t size) {
  return message.ghost == 0 && message.bytes.size() == size;
}

}  // namespace

// The bytes of a message come before those it only has in size, so the envelope stands between them.
void add_envelope(const Envelope& envelope, Payload& message) {
  WordWriter out;
  out.word(static_cast<std::uint32_t>(envelope.what));
  out.word(envelope.generation);
  out.word(envelope.first);
  const Payload bytes = out.done();
  message.bytes.insert(message.bytes.end(), bytes.bytes.begin(), bytes.bytes.end());
}

std::optional<Envelope> take_envelope(Payload& message) {
  if (message.bytes.size() < kEnvelopeBytes) return std::nullopt;
  WordReader in(std::span(message.bytes).last(kEnvelopeBytes));
  const std::uint32_t what = in.word();
  if (what > static_cast<std::uint32_t>(Envelope::What::kAssignment)) return std::nullopt;
  const std::uint32_t generation = in.word();
  const std::uint32_t first = in.word();
  message.bytes.resize(message.bytes.size() - kEnvelopeBytes);
  return Envelope{static_cast<Envelope::What>(what), generation, first};
}

Payload pack(const Question& question) {
  WordWriter out;
  out.wide(question.number);
  return out.done();
}

std::optional<Question> unpack_question(const Payload& message) {
  if (!has_size(message, kQuestionBytes)) return std::nullopt;
  return Question{WordReader(message.bytes).wide()};
}

Payload pack(const AgentStatus& status) {
  WordWriter out;
  out.wide(status.number);
  out.word(status.generation);
  out.word(status.layout);
  out.node(status.slot);
  out.node(status.refused);
  out.wide(status.progress);
  out.wide(status.waiting);
  out.word((status.busy ? kBusy : 0) | (status.broken ? kBroken : 0));
  return out.done();
}

std::optional<AgentStatus> unpack_status(const Payload& message) {
  if (!has_size(message, kStatusBytes)) return std::nullopt;
  WordReader in(message.bytes);
  AgentStatus out;
  out.number = in.wide();
  out.generation = in.word();
  out.layout = in.word();
  out.slot = in.node();
  out.refused = in.node();
  out.progress = in.wide();
  out.waiting = in.wide();
  const std::uint32_t flags = in.word();
  out.busy = (flags & kBusy) != 0;
  out.broken = (flags & kBroken) != 0;
  return out;
}

Payload pack(const Assignment& assignment) {
  WordWriter out;
  out.word(assignment.generation);
  out.word(assignment.layout);
  for (const Grant& grant : assignment.grants) {
    out.node(grant.slot);
    out.node(grant.node);
    out.wide(grant.fence);
  }
  return out.done();
}

std::optional<Assignment> unpack_assignment(const Payload& message) {
  const std::size_t size = message.bytes.size();
  if (message.ghost != 0 || size < kAssignmentHead || (size - kAssignmentHead) % kGrantBytes != 0)
    return std::nullopt;
  WordReader in(message.bytes);
  Assignment out;
  out.generation = in.word();
  out.layout = in.word();
  out.grants.resize((size - kAssignmentHead) / kGrantBytes);
  for (Grant& grant : out.grants) {
    grant.slot = in.node();
    grant.node = in.node();
    grant.fence = in.wide();
  }
  return out;
}

}  // namespace soliton
