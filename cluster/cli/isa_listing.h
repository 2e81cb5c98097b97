// A program as `soliton isa` shows it, as text and as JSON: words beside instructions, segments,
// memories.
#pragma once

#include <string>
#include <vector>

#include "protocol/isa/shard.h"
#include "protocol/json/json.h"

namespace soliton {

// The words of each chain, in order; together they are encode(program).
std::vector<std::vector<std::uint32_t>> words_by_chain(const Program& program);

// "steps times", "3 + 2 * steps times".
std::string describe_rounds(const Segment& segment);

// Segments and chains, one word per line: address, word, instruction. `matrices` name products.
std::string listing_text(const Program& program, const std::vector<ShardMatrix>& matrices);
Json listing_json(const Program& program);

// One line per memory: used, capacity, share.
std::string memory_text(const std::vector<MemoryUse>& uses);
Json memory_json(const std::vector<MemoryUse>& uses);

// One word per line, as eight hexadecimal digits.
std::string words_text(const Program& program);

}  // namespace soliton
