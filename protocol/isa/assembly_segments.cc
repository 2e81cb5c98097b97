#include "protocol/isa/assembly_segments.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <limits>

namespace soliton {
namespace {

constexpr std::size_t kSegmentsLimit = 65'536;
constexpr std::size_t kRepeatsLimit = 16;  // inside each other

// COUNT = term, or term + term ...; term = whole number, steps, or number*steps. Behind it may
// stand `most` and a number.
void read_count(AssemblyLine& line, Segment& out) {
  constexpr std::int64_t kMost = std::numeric_limits<std::int32_t>::max();
  const Token begin = line.peek();
  std::int64_t fixed = 0;
  std::int64_t per_step = 0;
  do {
    std::int64_t value = 1;
    bool steps = line.accept("steps");
    if (!steps) {
      value = line.number("the number of rounds, or \"steps\"", -kMost, kMost).value_or(0);
      if (line.accept("*")) steps = line.expect("steps");
    }
    (steps ? per_step : fixed) += value;
  } while (line.accept("+"));
  if (std::abs(fixed) > kMost || std::abs(per_step) > kMost)
    line.fail(begin, fmt::format("at most {} rounds", kMost));
  out.fixed = static_cast<std::int32_t>(fixed);
  out.per_step = static_cast<std::int32_t>(per_step);
  if (line.accept("most"))
    out.most = static_cast<std::uint32_t>(line.number("the most rounds", 1, kMost).value_or(1));
}

}  // namespace

void SegmentReader::read(const Token& directive, AssemblyLine& line, SourcePlace place) {
  close_segment();
  explicit_ = true;
  if (directive.is(".segment"))
    segment(line, place);
  else if (directive.is(".run"))
    run_chains(line, place);
  else if (directive.is(".repeat"))
    repeat(line, place);
  else if (directive.is(".end_repeat"))
    end_repeat(line, directive);
}

void SegmentReader::finish() {
  close_segment();
  for (const Repeat& repeat : repeats_)
    errors_.add(repeat.place, "this .repeat has no .end_repeat");
  if (!explicit_ && chains() > 0) add_segment({0, chains(), 1, 0}, {1, 1});
}

void SegmentReader::close_segment() {
  if (open_) segments()[*open_].last = chains();
  open_.reset();
}

void SegmentReader::add_segment(const Segment& segment, SourcePlace place) {
  if (segments().size() == kSegmentsLimit)
    errors_.add(place, fmt::format("at most {} segments", kSegmentsLimit));
  if (segments().size() >= kSegmentsLimit) return;
  segments().push_back(segment);
  out_.places.segments.push_back(place);
}

void SegmentReader::segment(AssemblyLine& line, SourcePlace place) {
  Segment out{chains(), chains(), 0, 0};
  read_count(line, out);
  if (!line.good() || segments().size() >= kSegmentsLimit) return;
  open_ = segments().size();
  add_segment(out, place);
}

void SegmentReader::run_chains(AssemblyLine& line, SourcePlace place) {
  const std::optional<std::int64_t> first = chain_number(line);
  const std::optional<std::int64_t> last = line.accept("to") ? chain_number(line) : first;
  line.expect(",");
  Segment out;
  out.fixed = 0;
  if (line.good()) read_count(line, out);
  if (!line.good()) return;
  out.first = static_cast<std::uint32_t>(*first);
  out.last = static_cast<std::uint32_t>(*last + 1);
  add_segment(out, place);
}

// A label above, or a number.
std::optional<std::int64_t> SegmentReader::chain_number(AssemblyLine& line) {
  if (whole_number(line.peek().text)) return line.number("the chain", -1, kMaxIndex);
  const std::optional<Token> name = line.name("a chain");
  if (!name) return std::nullopt;
  const auto& all = out_.assembly.program.chains;
  const auto found = std::ranges::find(all, name->text, &Chain::label);
  if (found == all.end()) {
    std::vector<std::string> labels;
    for (const Chain& chain : all) labels.push_back(chain.label);
    line.fail(*name, fmt::format("no chain called \"{}\" above{}", name->text,
                                 nearest_hint(name->text, labels)));
  } else if (std::ranges::count(all, name->text, &Chain::label) > 1) {
    line.fail(*name, fmt::format("several chains are called \"{}\": give a number", name->text));
  }
  return found - all.begin();
}

void SegmentReader::repeat(AssemblyLine& line, SourcePlace place) {
  const auto times = line.number("the number of times", 1, kSegmentsLimit);
  if (repeats_.size() == kRepeatsLimit)
    return line.fail(line.peek(),
                     fmt::format("at most {} .repeat inside each other", kRepeatsLimit));
  repeats_.push_back({segments().size(), times.value_or(1), place});
}

void SegmentReader::end_repeat(AssemblyLine& line, const Token& directive) {
  if (repeats_.empty()) return line.fail(directive, "no .repeat is open");
  const Repeat repeat = repeats_.back();
  repeats_.pop_back();
  const std::size_t last = segments().size();
  for (std::int64_t i = 1; i < repeat.times; ++i)
    for (std::size_t s = repeat.first_segment; s < last; ++s) {
      if (segments().size() >= kSegmentsLimit)
        return line.fail(directive, fmt::format("at most {} segments", kSegmentsLimit));
      add_segment(Segment(segments()[s]), SourcePlace(out_.places.segments[s]));
    }
}

}  // namespace soliton
