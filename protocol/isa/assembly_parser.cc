// Text to values: lines, chains and labels.
#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "protocol/isa/assembly.h"
#include "protocol/isa/assembly_declarations.h"
#include "protocol/isa/assembly_line.h"
#include "protocol/isa/assembly_segments.h"

namespace soliton {

namespace {

const std::vector<std::string> kDirectives{".device",  ".end",    ".end_repeat", ".format", ".in",
                                           ".matrix",  ".node",   ".out",        ".repeat", ".run",
                                           ".segment", ".vector", ".zero"};

std::vector<std::string> opcode_names() {
  std::vector<std::string> names;
  for (int i = 0; i < kOpcodes; ++i) names.push_back(opcode_name(static_cast<Opcode>(i)));
  return names;
}

template <typename Item>
std::vector<std::string> names_of(const std::vector<Item>& items) {
  std::vector<std::string> names;
  for (const Item& item : items) names.push_back(item.name);
  return names;
}

// The memory, index and offset of an instruction. Names are those declared above it.
class OperandReader {
 public:
  OperandReader(AssemblyLine& line, const Assembly& assembly, Instruction& out)
      : line_(line), assembly_(assembly), out_(out) {}

  void read() {
    if (mfu_unit(out_.opcode) == MfuUnit::kActivation) return;
    if (is_reduction(out_.opcode)) return elements();
    switch (out_.opcode) {
      case Opcode::kSWr:
      case Opcode::kSAdd:
      case Opcode::kSRd:
        return scalar();
      case Opcode::kMvMul:
        if (!line_.peek_second().is("[")) return matrix();
        break;
      default:
        break;
    }
    memory();
  }

 private:
  void scalar() {
    const auto target = line_.choice("offset register", {"offset_0", "offset_1"});
    line_.expect(",");
    if (!target || !line_.good()) return;
    const std::uint32_t number =
        static_cast<std::uint32_t>(ScalarRegister::kOffset0) + static_cast<std::uint32_t>(*target);
    std::uint32_t value = 0;
    if (out_.opcode == Opcode::kSRd) {
      memory();
      value = out_.index;
      if (value > kMaxScalar) line_.fail(line_.peek(), fmt::format("at most port {}", kMaxScalar));
    } else if (out_.opcode == Opcode::kSAdd) {
      value = static_cast<std::uint32_t>(line_.number("the step", kMinStep, kMaxStep).value_or(0));
    } else {
      value = static_cast<std::uint32_t>(line_.number("the value", 0, kMaxScalar).value_or(0));
    }
    out_.index = (number << kRegisterShift) | (value & kMaxScalar);
  }

  void elements() {
    const auto count = line_.number("the number of elements", 1, kMaxIndex);
    out_.index = static_cast<std::uint32_t>(count.value_or(1));
  }

  void matrix() {
    out_.memory = Memory::kMatrixRf;
    const Token token = line_.peek();
    if (token.kind == Token::Kind::kWord && whole_number(token.text)) {
      out_.index = static_cast<std::uint32_t>(line_.number("the tile", 0, kMaxIndex).value_or(0));
      return;
    }
    const std::optional<Token> name = line_.name("a matrix or its tile");
    if (!name) return;
    const auto found = std::ranges::find(assembly_.matrices, name->text, &AssemblyMatrix::name);
    if (found == assembly_.matrices.end()) {
      line_.fail(*name, fmt::format("no matrix called \"{}\" above{}", name->text,
                                    nearest_hint(name->text, names_of(assembly_.matrices))));
      return;
    }
    out_.memory = found->memory;
    out_.index = found->tile;
  }

  void memory() {
    const Token token = line_.peek();
    const std::optional<Memory> memory = read_memory(line_, allowed());
    line_.expect("[");
    if (!memory || !line_.good()) return;
    out_.memory = *memory;
    if (*memory == Memory::kNetQ && !whole_number(line_.peek().text))
      port();
    else
      out_.index = static_cast<std::uint32_t>(line_.number("the index", 0, kMaxIndex).value_or(0));
    if (line_.accept("+")) {
      const auto offset = line_.choice("offset register", {"offset_0", "offset_1"});
      out_.indexing = offset.value_or(0) == 0 ? Indexing::kOffset0 : Indexing::kOffset1;
    }
    line_.expect("]");
  }

  // The memories that the opcode takes, found by trying each one, so that only check_instruction()
  // has the table.
  std::vector<Memory> allowed() const {
    std::vector<Memory> out;
    for (int i = 1; i <= static_cast<int>(Memory::kNetQ); ++i)
      if (check_instruction({out_.opcode, static_cast<Memory>(i), first_index()}))
        out.push_back(static_cast<Memory>(i));
    return out;
  }
  // The smallest index that check_instruction() accepts: that of s_rd must name an offset register.
  std::uint32_t first_index() const {
    return out_.opcode == Opcode::kSRd
               ? static_cast<std::uint32_t>(ScalarRegister::kOffset0) << kRegisterShift
               : 0;
  }

  void port() {
    const bool out = out_.opcode == Opcode::kVWr || out_.opcode == Opcode::kMvWr;
    const std::vector<std::string> names =
        out ? names_of(assembly_.out_ports) : names_of(assembly_.in_ports);
    const std::optional<Token> name = line_.name("a port or its number");
    if (!name) return;
    const auto found = std::ranges::find(names, name->text);
    if (found == names.end())
      line_.fail(*name, fmt::format("no {} port called \"{}\" above{}", out ? "output" : "input",
                                    name->text, nearest_hint(name->text, names)));
    else
      out_.index = static_cast<std::uint32_t>(found - names.begin());
  }

  AssemblyLine& line_;
  const Assembly& assembly_;
  Instruction& out_;
};

class Parser {
 public:
  Parser(std::string_view text, const std::string& file) : text_(text), errors_(file) {}

  ParsedAssembly run() {
    int number = 0;
    for (std::size_t at = 0; at <= text_.size();) {
      const std::size_t end = std::min(text_.find('\n', at), text_.size());
      AssemblyLine line(text_.substr(at, end - at), ++number, errors_);
      if (line.good() && !line.at_end()) take(line);
      at = end + 1;
    }
    finish({number, 1});
    out_.errors = errors_.take();
    return std::move(out_);
  }

 private:
  void take(AssemblyLine& line) {
    const bool word = line.peek().kind == Token::Kind::kWord;
    if (line.peek().is_name() && line.peek_second().is(":"))
      label(line);
    else if (word && line.peek().text[0] == '.')
      directive(line);
    else if (word)
      instruction(line);
    else
      line.unexpected("a directive, a label or an instruction");
    line.expect_end();
  }

  void label(AssemblyLine& line) {
    end_open_chain(line.place());
    const SourcePlace place = line.place();
    const Token name = line.take();
    line.take();
    if (name.text.empty()) line.fail(name, "a label must not be empty");
    if (!label_.empty())
      line.fail(name, fmt::format("the chain that follows is called \"{}\" already", label_));
    label_ = name.text;
    label_place_ = place;
  }

  void instruction(AssemblyLine& line) {
    const SourcePlace place = line.place();
    const Token mnemonic = line.peek();
    const std::optional<std::size_t> opcode = line.choice("instruction", opcode_names());
    if (!opcode) return begin(place);
    Instruction out{static_cast<Opcode>(*opcode)};
    if (out.opcode == Opcode::kSWr && (line.peek().is("rows") || line.peek().is("columns")))
      return write_size(line, mnemonic);
    begin(place);
    if (out.opcode == Opcode::kEndChain) return end_chain(place);
    OperandReader(line, out_.assembly, out).read();
    if (!line.good()) return;
    if (const Status legal = check_instruction(out); !legal)
      return line.fail(mnemonic, legal.error().message);
    chain_.instructions.push_back(out);
    places_.push_back(place);
  }

  void begin(SourcePlace place) {
    if (!in_chain_) begun_ = place;
    in_chain_ = true;
  }

  void write_size(AssemblyLine& line, const Token& mnemonic) {
    if (in_chain_)
      return line.fail(mnemonic, "rows and columns must be written before a chain, not inside it");
    const bool rows = line.take().text == "rows";
    line.expect(",");
    const auto value = line.number(rows ? "rows" : "columns", 1, kMaxScalar);
    if (value) (rows ? rows_ : columns_) = static_cast<std::uint32_t>(*value);
  }

  void end_chain(SourcePlace place) {
    places_.push_back(place);
    chain_.label = std::exchange(label_, {});
    chain_.rows = rows_;
    chain_.columns = columns_;
    out_.assembly.program.chains.push_back(std::exchange(chain_, {}));
    out_.places.chains.push_back(std::exchange(places_, {}));
    in_chain_ = false;
  }

  // In front of a label, a directive or the end of the file.
  void end_open_chain(SourcePlace place) {
    if (!in_chain_) return;
    errors_.add(begun_, fmt::format("the chain that begins here has no end_chain before line {}",
                                    place.line));
    end_chain(place);
  }

  void directive(AssemblyLine& line) {
    const SourcePlace place = line.place();
    const Token name = line.peek();
    end_open_chain(place);
    if (!line.choice("directive", kDirectives)) return;
    if (read_declaration(name, line, out_)) return;
    segments_.read(name, line, place);
  }

  void finish(SourcePlace end) {
    end_open_chain(end);
    if (!label_.empty())
      errors_.add(label_place_, fmt::format("no chain follows the label \"{}\"", label_));
    segments_.finish();
  }

  std::string_view text_;
  AssemblyErrors errors_;
  ParsedAssembly out_;
  SegmentReader segments_{out_, errors_};
  Chain chain_;                      // being read
  std::vector<SourcePlace> places_;  // of its instructions
  bool in_chain_ = false;
  SourcePlace begun_;
  std::string label_;  // of the chain that follows
  SourcePlace label_place_;
  std::uint32_t rows_ = 1;
  std::uint32_t columns_ = 1;
};

}  // namespace

ParsedAssembly parse_assembly(std::string_view text, const std::string& file) {
  return Parser(text, file).run();
}

}  // namespace soliton
