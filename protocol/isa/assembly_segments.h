// The directives that say how often which chains run: .segment, .run, .repeat and .end_repeat.
// Inside protocol/isa only.
#pragma once

#include <optional>
#include <vector>

#include "protocol/isa/assembly_line.h"

namespace soliton {

// Adds segments to `out`, which outlives it, as `errors` does. Chains are added to `out` by others
// meanwhile; a segment takes those that follow it.
class SegmentReader {
 public:
  SegmentReader(ParsedAssembly& out, AssemblyErrors& errors) : out_(out), errors_(errors) {}

  // Reads the rest of the line behind `directive`, one of those above, which stands at `place`.
  void read(const Token& directive, AssemblyLine& line, SourcePlace place);
  // The end of the file: closes what is open. Chains of a file without segments run once.
  void finish();

 private:
  struct Repeat {
    std::size_t first_segment = 0;
    std::int64_t times = 1;
    SourcePlace place;
  };

  std::vector<Segment>& segments() { return out_.assembly.program.segments; }
  std::uint32_t chains() const {
    return static_cast<std::uint32_t>(out_.assembly.program.chains.size());
  }
  void close_segment();
  void add_segment(const Segment& segment, SourcePlace place);
  void segment(AssemblyLine& line, SourcePlace place);
  void run_chains(AssemblyLine& line, SourcePlace place);
  std::optional<std::int64_t> chain_number(AssemblyLine& line);
  void repeat(AssemblyLine& line, SourcePlace place);
  void end_repeat(AssemblyLine& line, const Token& directive);

  ParsedAssembly& out_;
  AssemblyErrors& errors_;
  std::optional<std::size_t> open_;  // the segment that chains are added to
  bool explicit_ = false;            // the file has a segment of its own
  std::vector<Repeat> repeats_;
};

}  // namespace soliton
