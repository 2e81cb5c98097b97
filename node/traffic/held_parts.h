// The parts of a round that a rank holds: what it was sent, alone or added to its own. What it
// contributes itself is made when it is needed.
#pragma once

#include <cstdint>
#include <map>

#include "node/traffic/contents.h"

namespace soliton {

class HeldParts {
 public:
  explicit HeldParts(const Contents& contents) : contents_(contents) {}

  void clear() { pieces_.clear(); }
  // The message to rank `to` with these parts.
  Payload message(Parts parts, std::uint32_t to, std::uint32_t round) const;
  // The same; the rank no longer holds them.
  Payload release(Parts parts, std::uint32_t to, std::uint32_t round);
  // Adds what the rank holds of these parts, or else what it contributes to them.
  void add_to(Parts parts, std::uint32_t round, Payload& message) const;
  // Holds these from now on, in place of those that they overlap.
  void keep(Parts parts, Payload message);

 private:
  struct Piece {
    std::uint32_t count;
    Payload bytes;
  };
  using Pieces = std::map<std::uint32_t, Piece>;  // by the first part; they do not overlap

  // The piece with this part, or the first one after it.
  Pieces::const_iterator at_or_after(std::uint32_t part) const;

  const Contents& contents_;
  Pieces pieces_;
};

}  // namespace soliton
