#include "cluster/cli/isa_files.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <optional>
#include <set>
#include <utility>

#include "cluster/yaml/files.h"
#include "partition/ir/npy.h"
#include "protocol/base/message.h"

namespace soliton {
namespace {

template <typename Port>
std::vector<std::string> names_of(const std::vector<Port>& ports) {
  std::vector<std::string> names;
  for (const Port& port : ports) names.push_back(port.name);
  return names;
}

// Ports that s_rd reads: their first value is a number of an entry, not fp16.
bool is_index_port(const Shard& shard, std::uint32_t port) {
  for (const Chain& chain : shard.program.chains)
    for (const Instruction& it : chain.instructions)
      if (it.opcode == Opcode::kSRd && scalar_value(it) == port) return true;
  return false;
}

class Options {
 public:
  explicit Options(const Shard& shard) : shard_(shard) {}

  Checked<IsaFiles> run(const std::vector<std::string>& inputs,
                        const std::vector<std::string>& outputs) {
    for (const std::string& option : inputs)
      if (const auto found = port_of("--input", option, names_of(shard_.in_ports)))
        read_messages(found->first, found->second);
    for (const std::string& option : outputs)
      if (const auto found = port_of("--output", option, names_of(shard_.out_ports)))
        files_.outputs.push_back({found->first, found->second});
    if (!problems_.empty()) return tl::unexpected<Diagnostics>(std::move(problems_));
    return std::move(files_);
  }

 private:
  void refuse(const std::string& message) { problems_.add(ErrorCode::kInvalid, message); }

  // Port and path of "PORT=FILE". A port may have a "=" in its name, a path may not.
  std::optional<std::pair<std::uint32_t, std::string>> port_of(
      const std::string& option, const std::string& text, const std::vector<std::string>& names) {
    const std::size_t sign = text.rfind('=');
    const bool only = sign == std::string::npos && names.size() == 1;
    const std::string name = only ? names.front() : text.substr(0, sign);
    const auto at = std::ranges::find(names, name);
    if ((sign == std::string::npos && !only) || text.empty() || text.back() == '=' ||
        at == names.end()) {
      const std::string nearest = nearest_name(name, names);
      refuse(fmt::format(
          "{} {}: write PORT=FILE.npy, or FILE.npy where there is one port; ports are {}{}", option,
          text, names.empty() ? "none" : fmt::format("{}", fmt::join(names, ", ")),
          nearest.empty() ? "" : fmt::format("; did you mean \"{}\"?", nearest)));
      return std::nullopt;
    }
    if (!seen_.emplace(option, name).second) {
      refuse(fmt::format("{} {}: port \"{}\" is given twice", option, text, name));
      return std::nullopt;
    }
    return std::pair(static_cast<std::uint32_t>(at - names.begin()),
                     only ? text : text.substr(sign + 1));
  }

  void read_messages(std::uint32_t port, const std::string& path) {
    const Result<NpyArray> array = read_npy(path);
    if (!array) return refuse(array.error().message);
    const bool sums = holds_sums(shard_, Opcode::kMvRd, port);
    const std::int64_t elements = shard_.in_ports[port].elements / (sums ? kElementsPerSum : 1);
    if (array->rows() == 0 || array->row_elements() != elements || array->shape.size() < 2)
      return refuse(fmt::format(
          "{}: has shape ({}); a message of port \"{}\" is a row of {} "
          "values, so allowed is (messages, {})",
          path, fmt::join(array->shape, ", "), shard_.in_ports[port].name, elements, elements));
    const bool index = is_index_port(shard_, port);
    if (index != array->is_integer())
      return refuse(fmt::format(
          "{}: holds {}; port \"{}\" takes {}", path, type_name(array->type),
          shard_.in_ports[port].name,
          index ? "numbers of entries (int32 or int64)" : "values (float16 or float32)"));
    GivenMessages given{port, {}};
    for (std::int64_t row = 0; row < array->rows(); ++row)
      if (!add_message(*array, row, path, sums, given)) return;
    files_.given.push_back(std::move(given));
  }

  // `sums`: numbers are fp32, and not rounded to fp16.
  bool add_message(const NpyArray& array, std::int64_t row, const std::string& path, bool sums,
                   GivenMessages& given) {
    std::vector<Half>& message = given.messages.emplace_back();
    constexpr std::int64_t kMostIndex = 65'535;
    if (array.is_integer()) {
      for (const std::int64_t value : array.integer_row(row)) {
        if (value < 0 || value > kMostIndex)
          return refuse(
                     fmt::format("{}: message {}: {} is not the number of an entry; allowed are 0 "
                                 "to {}",
                                 path, row, value, kMostIndex)),
                 false;
        message.push_back(static_cast<Half>(value));
      }
      return true;
    }
    for (const float value : array.float_row(row)) {
      if (std::isnan(value))
        return refuse(fmt::format("{}: message {}, value {}: not a number (NaN); any other value "
                                  "is allowed",
                                  path, row, message.size())),
               false;
      if (sums)
        for (const Half half : std::bit_cast<std::array<Half, kElementsPerSum>>(value))
          message.push_back(half);
      else
        message.push_back(to_half(value));
    }
    return true;
  }

  const Shard& shard_;
  std::set<std::pair<std::string, std::string>> seen_;
  IsaFiles files_;
  Diagnostics problems_;
};

}  // namespace

ArrayLookup arrays_beside(const std::string& program) {
  return [program](const std::string& path) -> Result<FileArray> {
    const Result<NpyArray> array = read_npy(resolve_path(folder_of(program), path));
    if (!array) return tl::unexpected<Error>(array.error());
    if (array->is_integer())
      return invalid(fmt::format("{}: holds {}; weights and constants are float16 or float32", path,
                                 type_name(array->type)));
    FileArray out{array->shape, {}};
    for (std::int64_t row = 0; row < array->rows(); ++row) {
      const std::vector<float> values = array->float_row(row);
      out.values.insert(out.values.end(), values.begin(), values.end());
    }
    return out;
  };
}

bool names_files(const Assembly& assembly) {
  return std::ranges::any_of(assembly.matrices, [](const AssemblyMatrix& matrix) {
    return matrix.content == AssemblyMatrix::Content::kFile;
  });
}

Checked<IsaFiles> read_isa_files(const Shard& shard, const std::vector<std::string>& inputs,
                                 const std::vector<std::string>& outputs) {
  return Options(shard).run(inputs, outputs);
}

Status write_outputs(const Shard& shard, const IsaTrace& trace, const IsaFiles& files) {
  for (const IsaFiles::Output& wanted : files.outputs) {
    std::vector<float> values;
    std::int64_t messages = 0;
    for (const NpuOutput& output : trace.outputs) {
      if (output.port != wanted.port) continue;
      ++messages;
      const std::vector<float> numbers = numbers_of(shard, output);
      values.insert(values.end(), numbers.begin(), numbers.end());
    }
    const std::int64_t numbers =
        shard.out_ports[wanted.port].elements /
        (holds_sums(shard, Opcode::kMvWr, wanted.port) ? kElementsPerSum : 1);
    if (const Status written = write_npy(wanted.path, npy_of(values, {messages, numbers}));
        !written)
      return written;
  }
  return {};
}

}  // namespace soliton
