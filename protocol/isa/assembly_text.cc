// Values to text.
#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>

#include "protocol/isa/assembly.h"
#include "protocol/isa/assembly_line.h"

namespace soliton {

namespace {

std::string spell_count(const Segment& segment) {
  const std::string steps =
      segment.per_step == 1 ? "steps" : fmt::format("{}*steps", segment.per_step);
  std::string out = segment.per_step == 0 ? std::to_string(segment.fixed)
                    : segment.fixed == 0  ? steps
                                          : fmt::format("{} + {}", segment.fixed, steps);
  if (segment.most > 0) out += fmt::format(" most {}", segment.most);
  return out;
}

// Chains in order, with .segment for segments that begin with the next chain; all others as .run.
class ProgramPrinter {
 public:
  ProgramPrinter(const Program& program, const std::vector<AssemblyMatrix>& matrices)
      : program_(program), matrices_(matrices), heads_(program.chains.size()) {
    for (const Segment& segment : program.segments)
      if (segment.first < heads_.size()) heads_[segment.first] = true;
  }

  std::string run() {
    const auto chains = static_cast<std::uint32_t>(program_.chains.size());
    if (program_.segments.empty() && chains > 0) text_ += ".end\n";
    for (const Segment& segment : program_.segments) {
      if (segment.first == next_ && segment.first < segment.last && segment.last <= chains) {
        text_ += fmt::format(".segment {}\n", spell_count(segment));
        open_ = true;
        chains_until(segment.last);
      } else {
        close();
        text_ += fmt::format(".run {} to {}, {}\n", segment.first,
                             static_cast<std::int64_t>(segment.last) - 1, spell_count(segment));
      }
    }
    if (next_ < chains) close();
    chains_until(chains);
    return std::move(text_);
  }

 private:
  void close() {
    if (open_) text_ += ".end\n";
    open_ = false;
  }

  void chains_until(std::uint32_t last) {
    for (; next_ < last; ++next_) chain(program_.chains[next_]);
  }

  void chain(const Chain& chain) {
    const bool both = next_ == 0 || heads_[next_];
    if (!chain.label.empty()) text_ += spell_name(chain.label) + ":\n";
    if (both || chain.rows != rows_) text_ += fmt::format("  s_wr rows, {}\n", chain.rows);
    if (both || chain.columns != columns_)
      text_ += fmt::format("  s_wr columns, {}\n", chain.columns);
    rows_ = chain.rows;
    columns_ = chain.columns;
    for (const Instruction& instruction : chain.instructions)
      text_ += "  " + print(instruction) + remark(instruction) + "\n";
    text_ += "  end_chain\n";
  }

  std::string remark(const Instruction& instruction) const {
    if (instruction.opcode != Opcode::kMvMul) return "";
    const auto found = std::ranges::find_if(matrices_, [&](const AssemblyMatrix& matrix) {
      return matrix.memory == instruction.memory && matrix.tile == instruction.index;
    });
    return found == matrices_.end() ? "" : "  # " + spell_name(found->name);
  }

  const Program& program_;
  const std::vector<AssemblyMatrix>& matrices_;
  std::vector<bool> heads_;
  std::string text_;
  std::uint32_t next_ = 0;
  std::uint32_t rows_ = 1;
  std::uint32_t columns_ = 1;
  bool open_ = false;
};

std::string spell(const AssemblyMatrix& matrix) {
  std::string text = fmt::format(".matrix {}", spell_name(matrix.name));
  if (matrix.tile_rows != 0) text += fmt::format(" {}x{}", matrix.tile_rows, matrix.tile_columns);
  text += fmt::format(" at {}", matrix.tile);
  if (matrix.memory == Memory::kDram) text += " in Dram";
  if (matrix.rows != 0) text += fmt::format(" rows {}", matrix.rows);
  if (matrix.columns != 0) text += fmt::format(" columns {}", matrix.columns);
  switch (matrix.content) {
    case AssemblyMatrix::Content::kZero:
      return text + " zero\n";
    case AssemblyMatrix::Content::kIdentity:
      return text + " identity\n";
    case AssemblyMatrix::Content::kFile:
      return text + fmt::format(" file {}\n", spell_name(matrix.path));
    case AssemblyMatrix::Content::kRandom:
      break;
  }
  return text + fmt::format(" random {}\n", matrix.seed);
}

std::string spell(const AssemblyVector& vector) {
  std::string text = fmt::format(".vector {} {}[{}] =", spell_name(vector.name),
                                 memory_name(vector.memory), vector.index);
  if (vector.content == AssemblyVector::Content::kRandom)
    return text + fmt::format(" random {} {}\n", vector.count, vector.seed);
  if (vector.content == AssemblyVector::Content::kFile)
    return text + fmt::format(" file {}\n", spell_name(vector.path));
  if (vector.content == AssemblyVector::Content::kFill)
    text += fmt::format(" fill {}", vector.count);
  for (const Half value : vector.values) text += fmt::format(" {}", to_float(value));
  return text + "\n";
}

std::string spell(const OutPort& port) {
  std::string text = fmt::format(".out {} {}", spell_name(port.name), port.elements);
  for (const OutPort::Destination& to : port.destinations)
    text += fmt::format(" to {}:{}", spell_name(to.peer), to.port);
  return text + "\n";
}

}  // namespace

std::string print(const Program& program) { return ProgramPrinter(program, {}).run(); }

std::string print(const Assembly& assembly) {
  std::string text;
  if (!assembly.node.empty()) text += fmt::format(".node {}\n", spell_name(assembly.node));
  if (!assembly.device.empty()) text += fmt::format(".device {}\n", spell_name(assembly.device));
  if (!assembly.format.empty()) text += fmt::format(".format {}\n", spell_name(assembly.format));
  for (const AssemblyMatrix& matrix : assembly.matrices) text += spell(matrix);
  for (const AssemblyVector& vector : assembly.vectors) text += spell(vector);
  for (const ZeroedRange& range : assembly.zeroed)
    text += fmt::format(".zero {}[{}..{}]{}\n", memory_name(range.memory), range.first,
                        std::int64_t{range.first} + range.count - 1, range.once ? " once" : "");
  for (const InPort& port : assembly.in_ports)
    text += fmt::format(".in {} {}{}\n", spell_name(port.name), port.elements,
                        port.reversed ? " reversed" : "");
  for (const OutPort& port : assembly.out_ports) text += spell(port);
  return text + ProgramPrinter(assembly.program, assembly.matrices).run();
}

}  // namespace soliton
