// Puts together the array that FPGAs send in slices of its rows, a message for each token, request
// after request. A state machine without clock.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "partition/ir/cpu_part.h"
#include "protocol/base/breakdown.h"
#include "protocol/control/data_message.h"

namespace soliton {

class StreamAssembler {
 public:
  // `stream` must outlive the object. `batch`: the most lanes. REQUIRES: the stream breaks no rule.
  StreamAssembler(const StreamIn& stream, std::uint32_t batch);

  bool has_port(std::uint16_t port) const {
    return port >= stream_.first_port && port < stream_.first_port + stream_.slices.size();
  }
  // The next token of the slice that comes to the message's port, of all lanes. Returns false, with
  // no effect, if the message does not have the size of the slice in as many lanes as those before,
  // does not say how many tokens there will be, or if the request has all of its messages there.
  // REQUIRES: has_port().
  bool on_message(const DataMessage& message, Instant now);

  struct Done {
    std::uint32_t request = 0;
    Instant started{};  // when the client sent the request
    std::uint16_t steps = 0;
    bool functional = false;
    std::vector<ir::Array> lanes;  // unknown if any of the messages came without values
    Arrival arrival;               // of the last message
  };
  // The next request whose array is complete, in order of requests.
  std::optional<Done> poll();

  // Forgets what is open; `request` is complete next.
  void begin_with(std::uint32_t request) {
    open_.clear();
    next_ = request;
  }

  // What it waits for; "" if no request is open.
  std::string describe() const;

 private:
  struct Open {
    std::vector<std::int64_t> tokens;  // that have arrived, by slice
    std::int64_t missing = 0;          // messages
    std::size_t lanes = 1;
    std::vector<float> values;  // lane by lane
    bool known = true;
    Instant started{};
    std::uint16_t steps = 0;  // of the request; 0: not known
    Arrival last;
  };
  Open& open(const DataHeader& header, std::size_t lanes);
  std::int64_t tokens(const Open& open) const { return tokens_in(stream_.tokens, open.steps); }
  void store(const StreamSlice& slice, std::int64_t token, const Payload& message,
             Open& open) const;

  const StreamIn& stream_;
  std::uint32_t batch_;
  std::size_t width_ = 0;               // elements of a token
  std::map<std::uint32_t, Open> open_;  // by request
  std::uint32_t next_ = 0;              // the request that is complete next
};

}  // namespace soliton
