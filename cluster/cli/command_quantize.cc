// `soliton quantize`: what a number format makes of float32 values, in the notation of the shipped
// vectors (tests/golden/numerics/README.md).
#include <fmt/format.h>

#include <bit>
#include <memory>

#include "cluster/cli/commands.h"
#include "cluster/cli/output.h"
#include "cluster/yaml/files.h"
#include "protocol/json/json.h"
#include "protocol/tensor/format.h"

namespace soliton {
namespace {

constexpr std::size_t kInputLimit =
    std::size_t{1} << 28;  // bytes; everything is checked before anything is written
constexpr std::size_t kErrorsLimit = 100;
constexpr std::size_t kDigits = 8;  // of a float32

// Without the line ends of any system; the last line need not have one.
std::vector<std::string_view> lines_of(std::string_view text) {
  std::vector<std::string_view> lines;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    std::string_view line = text.substr(0, end);
    if (line.ends_with('\r')) line.remove_suffix(1);
    lines.push_back(line);
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return lines;
}

int digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

std::string spelled(char c) {
  return c > ' ' && c < 0x7f ? fmt::format("\"{}\"", c)
                             : fmt::format("byte 0x{:02x}", static_cast<unsigned char>(c));
}

// One line as values. `column` is where the first mistake is, from 1.
Result<std::vector<float>> values_of(std::string_view line, std::size_t& column) {
  std::vector<float> values(line.size() / kDigits);
  std::uint32_t bits = 0;
  for (std::size_t i = 0; i < line.size(); ++i) {
    const int value = digit(line[i]);
    column = i + 1;
    if (value < 0) return invalid(fmt::format("{} is not a hexadecimal digit", spelled(line[i])));
    bits = bits << 4 | static_cast<std::uint32_t>(value);
    if (i % kDigits == kDigits - 1) values[i / kDigits] = std::bit_cast<float>(bits);
  }
  const std::size_t over = line.size() % kDigits;
  column = line.size() - over + 1;
  if (over != 0)
    return invalid(fmt::format("{} digits left over; a float32 value has {}", over, kDigits));
  return values;
}

struct QuantisedLine {
  std::vector<std::string> scales;  // one a block; none without a scale
  std::string values;
};

std::string scale_text(const QuantisedBlock& block, const NumberFormat& format) {
  if (block.poisoned) return "nan";
  return format.scale() == Scale::kFloat
             ? fmt::format("{:08x}", std::bit_cast<std::uint32_t>(block.scale))
             : std::to_string(block.scale_exponent);
}

// A line is one native vector. `first` is the ordinal of its first value in the input, for dither.
QuantisedLine quantise_line(std::span<const float> values, const NumberFormat& format,
                            std::uint64_t first) {
  QuantisedLine out;
  const std::size_t block =
      format.block == 0 ? values.size() : static_cast<std::size_t>(format.block);
  for (std::size_t start = 0; start < values.size(); start += block) {
    const QuantisedBlock quantised =
        quantise_block(values.subspan(start, std::min(block, values.size() - start)), format,
                       {"quantise", first + start});
    if (format.scale() != Scale::kNone) out.scales.push_back(scale_text(quantised, format));
    for (const float value : quantised.values)
      out.values += fmt::format("{:08x}", std::bit_cast<std::uint32_t>(value));
  }
  return out;
}

Checked<std::vector<std::vector<float>>> parse_lines(const std::string& text,
                                                     const std::string& name) {
  std::vector<std::vector<float>> vectors;
  Diagnostics problems;
  std::size_t left_out = 0;
  const std::vector<std::string_view> lines = lines_of(text);
  for (std::size_t i = 0; i < lines.size(); ++i) {
    std::size_t column = 1;
    Result<std::vector<float>> values = values_of(lines[i], column);
    if (values)
      vectors.push_back(std::move(*values));
    else if (problems.errors.size() < kErrorsLimit)
      problems.add(ErrorCode::kInvalid,
                   fmt::format("{}:{}:{}: {}", name, i + 1, column, values.error().message));
    else
      ++left_out;
  }
  if (left_out > 0)
    problems.add(ErrorCode::kInvalid, fmt::format("{}: {} more lines are bad", name, left_out));
  if (!problems.empty()) return tl::unexpected<Diagnostics>(std::move(problems));
  return vectors;
}

// Exponents as numbers, fp32 factors as text, null for a poisoned block.
Json scales_json(const QuantisedLine& line, Scale kind) {
  Json out = Json::array();
  for (const std::string& scale : line.scales) {
    if (scale == "nan")
      out.push_back(nullptr);
    else if (kind == Scale::kFloat)
      out.push_back(scale);
    else
      out.push_back(std::stoi(scale));
  }
  return out;
}

std::string as_json(const std::vector<QuantisedLine>& lines, const NumberFormat& format) {
  Json out{{"format", format.name}, {"description", describe(format)}};
  out["vectors"] = Json::array();
  for (const QuantisedLine& line : lines)
    out["vectors"].push_back(
        {{"exponents", scales_json(line, format.scale())}, {"values", line.values}});
  return json_text(out, JsonLayout::kIndented) + "\n";
}

struct QuantizeOptions {
  std::string format;
  std::vector<std::string> over;  // "block=16": over those of the format
};

int quantize(const CommandLine& line, const QuantizeOptions& options) {
  const Result<NumberFormat> format = parse_format(options.format, options.over);
  if (!format) return report_error(format.error());
  const std::string input = line.inputs.empty() ? "-" : line.inputs.front();
  const Result<std::string> text = read_text_file(input, kInputLimit);
  if (!text) return report_error(text.error());
  const auto vectors = parse_lines(*text, input == "-" ? "stdin" : input);
  if (!vectors) return report_errors(vectors.error());
  std::vector<QuantisedLine> lines;
  std::uint64_t first = 0;
  for (const std::vector<float>& vector : *vectors) {
    lines.push_back(quantise_line(vector, *format, first));
    first += vector.size();
  }
  std::string out;
  if (line.json)
    out = as_json(lines, *format);
  else
    for (const QuantisedLine& quantised : lines)
      out += fmt::format("{},{}\n", fmt::join(quantised.scales, " "), quantised.values);
  return printed(print_raw(out));
}

RunCommand define(OptionSet& options, CommandLine&) {
  const auto own = std::make_shared<QuantizeOptions>();
  options.argument("format", own->format,
                   "a name (soliton list formats), or a descriptor such as e0m4,block=16,scale=8");
  options.optional_input("file", "lines to read; standard input when left out or -");
  const auto over = [&](const char* key, const char* type, const char* what) {
    const auto take = [own, key](const std::string& value) {
      own->over.push_back(std::string(key) + "=" + value);
    };
    options.call((std::string("--") + key).c_str(), type, take, what);
  };
  over("block", "N", "values that share a scale, or native: a whole line");
  over("round", "MODE", "even | nearest | floor | dither");
  over("scale", "BITS", "2 to 8 bits of shared exponent, float or none");
  over("overflow", "RULE", "poison | saturate");
  over("flush", "no|yes", "blocks of subnormals become zero");
  over("seed", "N", "of --round dither");
  return [own](const CommandLine& line) { return quantize(line, *own); };
}

}  // namespace

const CliCommand kQuantizeCommand = {
    .name = "quantize",
    .what =
        "What a number format makes of float32 values: lines of 8 hexadecimal digits a value "
        "without separators in, a line `exponents,values` out for each",
    .example = "printf '3f8000003e99999a\\n' | soliton quantize msfp12 --round nearest",
    .define = define};

}  // namespace soliton
