#include "protocol/isa/assembly_declarations.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <limits>

namespace soliton {

namespace {

const std::vector<Memory> kHoldVectors{Memory::kInitialVrf, Memory::kAddSubVrf0,
                                       Memory::kAddSubVrf1, Memory::kMultiplyVrf, Memory::kDram};
constexpr std::int64_t kElementsLimit = 1 << 28;  // of one matrix side, vector or message

std::optional<std::uint32_t> index_in_brackets(AssemblyLine& line) {
  line.expect("[");
  const auto index = line.number("the index", 0, kMaxIndex);
  line.expect("]");
  if (!index || !line.good()) return std::nullopt;
  return static_cast<std::uint32_t>(*index);
}

// "2x3".
bool read_tiles(AssemblyLine& line, AssemblyMatrix& matrix) {
  const Token token = line.peek();
  const std::string_view text = token.text;
  const std::size_t x = std::min(text.find('x'), text.size());
  const std::int64_t rows = whole_number(text.substr(0, x)).value_or(0);
  const std::int64_t columns =
      x < text.size() ? whole_number(text.substr(x + 1)).value_or(0) : std::int64_t{0};
  if (token.kind != Token::Kind::kWord || rows < 1 || rows > kMaxScalar || columns < 1 ||
      columns > kMaxScalar) {
    line.unexpected(fmt::format("the size in native tiles, like 2x3, each 1 to {}", kMaxScalar));
    return false;
  }
  matrix.tile_rows = static_cast<std::uint32_t>(rows);
  matrix.tile_columns = static_cast<std::uint32_t>(columns);
  line.take();
  return true;
}

void read_extents(AssemblyLine& line, AssemblyMatrix& matrix) {
  if (line.accept("in"))
    if (const auto memory = read_memory(line, {Memory::kMatrixRf, Memory::kDram}))
      matrix.memory = *memory;
  if (line.accept("rows"))
    matrix.rows = static_cast<int>(line.number("rows", 1, kElementsLimit).value_or(0));
  if (line.accept("columns"))
    matrix.columns = static_cast<int>(line.number("columns", 1, kElementsLimit).value_or(0));
}

std::uint64_t read_seed(AssemblyLine& line) {
  return static_cast<std::uint64_t>(
      line.number("the seed", 0, std::numeric_limits<std::int64_t>::max()).value_or(0));
}

std::string read_file_name(AssemblyLine& line) {
  const std::optional<Token> path = line.name("the path of a .npy file");
  return path ? path->text : "";
}

void read_matrix(AssemblyLine& line, ParsedAssembly& out) {
  AssemblyMatrix matrix;
  const std::optional<Token> name = line.name("the matrix's name");
  if (!name) return;
  matrix.name = name->text;
  // For a matrix from a file, the file determines the size, and its tile is 0 by default.
  const bool sized_by_file = line.peek().is("file") || line.peek().is("at");
  if (sized_by_file) matrix.tile_rows = matrix.tile_columns = 0;
  if (!sized_by_file && !read_tiles(line, matrix)) return;
  if (!line.peek().is("file") && line.expect("at"))
    matrix.tile = static_cast<std::uint32_t>(line.number("the tile", 0, kMaxIndex).value_or(0));
  read_extents(line, matrix);
  const auto content = line.choice("content", {"zero", "identity", "random", "file"});
  if (content) matrix.content = static_cast<AssemblyMatrix::Content>(*content);
  if (content && matrix.content == AssemblyMatrix::Content::kRandom) matrix.seed = read_seed(line);
  if (content && matrix.content == AssemblyMatrix::Content::kFile)
    matrix.path = read_file_name(line);
  if (sized_by_file && matrix.content != AssemblyMatrix::Content::kFile)
    line.fail(*name, "the size in native tiles, like 2x3, is left out of matrices from files only");
  if (!line.good()) return;
  const bool known = std::ranges::count(out.assembly.matrices, matrix.name, &AssemblyMatrix::name);
  if (known)
    line.fail(*name, fmt::format("there is a matrix \"{}\" already", matrix.name));
  else
    out.assembly.matrices.push_back(std::move(matrix));
}

// A finite fp16 value.
std::optional<Half> read_value(AssemblyLine& line) {
  const Token token = line.peek();
  float value = 0;
  const char* const end = token.text.data() + token.text.size();
  const auto [stop, error] = std::from_chars(token.text.data(), end, value);
  const bool number = token.kind == Token::Kind::kWord && error == std::errc{} && stop == end;
  if (!number) {
    line.unexpected("a value");
    return std::nullopt;
  }
  const Half half = to_half(value);
  if (half_is_nan(half) || half_is_infinite(half)) {
    line.fail(token, fmt::format("{} is not a finite fp16 value: at most 65504", token.text));
    return std::nullopt;
  }
  line.take();
  return half;
}

void read_content(AssemblyLine& line, AssemblyVector& vector) {
  const auto count = [&line] {
    return static_cast<std::uint32_t>(
        line.number("the number of values", 1, kElementsLimit).value_or(0));
  };
  if (line.accept("random")) {
    vector.content = AssemblyVector::Content::kRandom;
    vector.count = count();
    vector.seed = read_seed(line);
    return;
  }
  if (line.accept("file")) {
    vector.content = AssemblyVector::Content::kFile;
    vector.path = read_file_name(line);
    return;
  }
  if (line.accept("fill")) {
    vector.content = AssemblyVector::Content::kFill;
    vector.count = count();
    vector.values = {read_value(line).value_or(0)};
    return;
  }
  do vector.values.push_back(read_value(line).value_or(0));
  while (line.good() && !line.at_end());
}

void read_vector(AssemblyLine& line, ParsedAssembly& out) {
  AssemblyVector vector;
  const std::optional<Token> name = line.name("the constant's name");
  if (!name) return;
  vector.name = name->text;
  const std::optional<Memory> memory = read_memory(line, kHoldVectors);
  const std::optional<std::uint32_t> index = index_in_brackets(line);
  line.expect("=");
  if (line.good()) read_content(line, vector);
  if (!line.good()) return;
  vector.memory = *memory;
  vector.index = *index;
  out.assembly.vectors.push_back(std::move(vector));
}

// "InitialVrf[0..3]" or "InitialVrf[3]", either followed by "once".
void read_zero(AssemblyLine& line, ParsedAssembly& out) {
  const std::optional<Memory> memory = read_memory(line, kHoldVectors);
  line.expect("[");
  const Token token = line.peek();
  const std::size_t dots = token.text.find("..");
  const std::string_view text = token.text;
  const auto first = whole_number(text.substr(0, dots));
  const auto last = dots == std::string::npos ? first : whole_number(text.substr(dots + 2));
  if (!first || !last || *first < 0 || *last < *first || *last > kMaxIndex)
    line.unexpected("a range of indices, like 0..3");
  line.take();
  line.expect("]");
  const bool once = line.accept("once");
  if (line.good())
    out.assembly.zeroed.push_back({*memory, static_cast<std::uint32_t>(*first),
                                   static_cast<std::uint32_t>(*last - *first + 1), once});
}

template <typename Port>
bool is_new_port(AssemblyLine& line, const Token& name, const std::vector<Port>& ports) {
  if (ports.size() >= 65'535) line.fail(name, "at most 65535 ports");
  if (std::ranges::count(ports, name.text, &Port::name) > 0)
    line.fail(name, fmt::format("there is a port \"{}\" already", name.text));
  return line.good();
}

void read_in(AssemblyLine& line, ParsedAssembly& out) {
  const std::optional<Token> name = line.name("the port's name");
  const auto elements = line.number("the elements of a message", 1, kElementsLimit);
  const bool reversed = line.accept("reversed");
  if (line.good() && is_new_port(line, *name, out.assembly.in_ports))
    out.assembly.in_ports.push_back({name->text, static_cast<std::uint32_t>(*elements), reversed});
}

void read_out(AssemblyLine& line, ParsedAssembly& out) {
  OutPort port;
  const std::optional<Token> name = line.name("the port's name");
  port.elements = static_cast<std::uint32_t>(
      line.number("the elements of a message", 1, kElementsLimit).value_or(0));
  while (line.good() && line.accept("to")) {
    const std::optional<Token> peer = line.name("the receiving node's name");
    line.expect(":");
    const auto number = line.number("its port", 0, 65'535);
    if (line.good()) port.destinations.push_back({peer->text, static_cast<std::uint16_t>(*number)});
  }
  if (!line.good() || !is_new_port(line, *name, out.assembly.out_ports)) return;
  port.name = name->text;
  out.assembly.out_ports.push_back(std::move(port));
}

void read_once(const Token& directive, AssemblyLine& line, std::string& out, SourcePlace& place) {
  const SourcePlace at = line.place();
  const std::optional<Token> name = line.name("a name");
  if (!name) return;
  if (!out.empty()) line.fail(directive, fmt::format("{} is given twice", directive.text));
  out = name->text;
  place = at;
}

}  // namespace

std::optional<Memory> read_memory(AssemblyLine& line, const std::vector<Memory>& allowed) {
  std::vector<std::string> names;
  for (const Memory memory : allowed) names.push_back(memory_name(memory));
  const std::optional<std::size_t> chosen = line.choice("memory", names);
  return chosen ? std::optional(allowed[*chosen]) : std::nullopt;
}

bool read_declaration(const Token& directive, AssemblyLine& line, ParsedAssembly& out) {
  Assembly& a = out.assembly;
  AssemblyPlaces& places = out.places;
  const SourcePlace begin{line.place().line, directive.column};
  SourcePlace unused;
  if (directive.is(".node"))
    read_once(directive, line, a.node, unused);
  else if (directive.is(".device"))
    read_once(directive, line, a.device, places.device);
  else if (directive.is(".format"))
    read_once(directive, line, a.format, places.format);
  else if (directive.is(".matrix"))
    read_matrix(line, out);
  else if (directive.is(".vector"))
    read_vector(line, out);
  else if (directive.is(".zero"))
    read_zero(line, out);
  else if (directive.is(".in"))
    read_in(line, out);
  else if (directive.is(".out"))
    read_out(line, out);
  else
    return false;
  places.matrices.resize(a.matrices.size(), begin);
  places.vectors.resize(a.vectors.size(), begin);
  places.zeroed.resize(a.zeroed.size(), begin);
  return true;
}

}  // namespace soliton
