// Values to a shard: sizes from the device, weights from their recipes, errors back into the file.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <optional>

#include "protocol/base/rng.h"
#include "protocol/isa/assembly.h"
#include "protocol/isa/assembly_line.h"

namespace soliton {

namespace {

// Weights and constants are made here: more than this is no program to try things out with.
constexpr std::int64_t kWeightsLimit = std::int64_t{1} << 28;

class ShardMaker {
 public:
  ShardMaker(const ParsedAssembly& parsed, const std::string& file, const ArrayLookup& arrays)
      : assembly_(parsed.assembly), places_(parsed.places), file_(file), arrays_(arrays) {
    found_.append(parsed.errors);
  }

  Checked<Shard> run(const DeviceLookup& devices, bool with_weights) {
    const bool known = find_device(devices);
    if (!known || !found_.empty()) return fail();
    describe_shard();
    if (!found_.empty()) return fail();
    for (const ShardFault& fault : shard_faults(shard_)) add(fault);
    if (!found_.empty()) return fail();
    if (with_weights) fill();
    if (!found_.empty()) return fail();
    return std::move(shard_);
  }

 private:
  tl::unexpected<Diagnostics> fail() { return tl::unexpected<Diagnostics>(std::move(found_)); }

  void add(ErrorCode code, SourcePlace place, const std::string& message) {
    found_.add(code, fmt::format("{}:{}:{}: {}", file_, place.line, place.column, message));
  }

  void add(const ShardFault& fault) {
    add(fault.error.code, place_of(fault.place), fault.error.message);
  }

  SourcePlace place_of(const ShardPlace& place) const {
    const auto at = [&](const std::vector<SourcePlace>& list) {
      return place.index < list.size() ? list[place.index] : places_.device;
    };
    switch (place.kind) {
      case ShardPlace::Kind::kMatrix:
        return at(places_.matrices);
      case ShardPlace::Kind::kVector:
        return at(places_.vectors);
      case ShardPlace::Kind::kZeroed:
        return at(places_.zeroed);
      case ShardPlace::Kind::kSegment:
        return at(places_.segments);
      case ShardPlace::Kind::kChain:
        return places_.chains.at(place.index).at(place.instruction);
      case ShardPlace::Kind::kShard:
        break;
    }
    return places_.device;
  }

  bool find_device(const DeviceLookup& devices) {
    if (assembly_.device.empty()) {
      add(ErrorCode::kInvalid, {1, 1}, "the file names no device; needed: .device NAME");
      return false;
    }
    Result<NpuDevice> device = devices(assembly_.device);
    if (!device) {
      add(device.error().code, places_.device, device.error().message);
      return false;
    }
    shard_.device = std::move(*device);
    return find_format();
  }

  bool find_format() {
    std::vector<std::string> names;
    for (const NpuFormat& format : shard_.device.formats) {
      names.push_back(format.format.name);
      if (assembly_.format.empty() || assembly_.format == format.format.name) {
        shard_.format = format.format;
        shard_.beats_per_tile = format.beats_per_tile;
        return true;
      }
    }
    add(ErrorCode::kInvalid, places_.format,
        fmt::format("{} has no format \"{}\"; allowed: {}{}", assembly_.device, assembly_.format,
                    fmt::join(names, ", "), nearest_hint(assembly_.format, names)));
    return false;
  }

  void describe_shard() {
    shard_.node = assembly_.node.empty() ? file_ : assembly_.node;
    shard_.zeroed = assembly_.zeroed;
    shard_.in_ports = assembly_.in_ports;
    shard_.out_ports = assembly_.out_ports;
    shard_.program = assembly_.program;
    for (std::size_t i = 0; i < assembly_.matrices.size(); ++i)
      describe_matrix(sized(assembly_.matrices[i], places_.matrices[i]));
    choose_window();
    for (std::size_t i = 0; i < assembly_.vectors.size(); ++i) {
      const AssemblyVector& vector = assembly_.vectors[i];
      std::vector<Half> values = vector.content == AssemblyVector::Content::kFile
                                     ? values_from_file(vector.path, places_.vectors[i])
                                     : values_of(vector);
      shard_.vectors.push_back({vector.name, vector.memory, vector.index, std::move(values)});
    }
  }

  // Any number but NaN, which is reported with its place.
  std::optional<FileArray> read_array(const std::string& path, SourcePlace place) {
    Result<FileArray> array =
        arrays_ ? arrays_(path) : Result<FileArray>(invalid(path + ": no files can be read here"));
    if (!array) {
      add(array.error().code, place, array.error().message);
      return std::nullopt;
    }
    const auto bad = std::ranges::find_if(array->values, [](float v) { return std::isnan(v); });
    if (bad == array->values.end()) return std::move(*array);
    add(ErrorCode::kInvalid, place,
        fmt::format("{}: value {}: not a number (NaN); any other value is allowed", path,
                    bad - array->values.begin()));
    return std::nullopt;
  }

  std::vector<Half> values_from_file(const std::string& path, SourcePlace place) {
    std::vector<Half> out;
    const std::optional<FileArray> array = read_array(path, place);
    if (!array) return out;
    if (array->shape.size() != 1 || array->values.empty())
      add(ErrorCode::kInvalid, place,
          fmt::format("{}: has shape ({}); allowed is one axis of at least one value", path,
                      fmt::join(array->shape, ", ")));
    for (const float value : array->values) out.push_back(to_half(value));
    return out;
  }

  // No more than one vector beyond its memory, which is enough to be refused.
  std::vector<Half> values_of(const AssemblyVector& vector) const {
    if (vector.content == AssemblyVector::Content::kValues) return vector.values;
    const std::int64_t most = (capacity(vector.memory) + 1) * shard_.device.native_dim;
    std::vector<Half> out(static_cast<std::size_t>(std::min<std::int64_t>(vector.count, most)),
                          vector.values.empty() ? Half{0} : vector.values.front());
    if (vector.content == AssemblyVector::Content::kFill) return out;
    const Random random(vector.seed, "assembly vector");
    for (std::size_t i = 0; i < out.size(); ++i)
      out[i] = to_half(static_cast<float>(random.unit(i) - 0.5));
    return out;
  }

  // In native vectors.
  std::int64_t capacity(Memory memory) const {
    const NpuDevice& device = shard_.device;
    switch (memory) {
      case Memory::kInitialVrf:
        return device.initial_vrf;
      case Memory::kAddSubVrf0:
        return device.add_sub_vrf_0;
      case Memory::kAddSubVrf1:
        return device.add_sub_vrf_1;
      case Memory::kMultiplyVrf:
        return device.multiply_vrf;
      default:
        return device.dram.count / (2 * std::int64_t{device.native_dim});
    }
  }

  // What MatrixRf has left is the window, when something streams.
  void choose_window() {
    std::int64_t pinned = 0;
    std::int64_t streamed = 0;
    for (const ShardMatrix& matrix : shard_.matrices) {
      const std::int64_t tiles = std::int64_t{matrix.tile_rows} * matrix.tile_columns;
      if (matrix.memory == Memory::kMatrixRf)
        pinned = std::max(pinned, matrix.tile_address + tiles);
      if (matrix.memory == Memory::kDram) streamed += tiles;
    }
    const bool streams = std::ranges::any_of(assembly_.program.chains, [](const Chain& chain) {
      return chain.instructions.size() > 1 && chain.instructions[1].opcode == Opcode::kMvMul &&
             chain.instructions[1].memory == Memory::kDram;
    });
    const std::int64_t left = tiles_that_fit(shard_.device, shard_.format) - pinned;
    if (streams)
      shard_.window_tiles = static_cast<std::uint32_t>(
          std::clamp<std::int64_t>(left, 0, std::min(streamed, kWeightsLimit)));
  }

  // With the size its file has, where the program gives none.
  AssemblyMatrix sized(AssemblyMatrix matrix, SourcePlace place) {
    if (matrix.tile_rows != 0) return matrix;
    matrix.tile_rows = matrix.tile_columns = 1;
    const std::optional<FileArray> array = read_array(matrix.path, place);
    if (!array) return matrix;
    if (array->shape.size() != 2 || array->values.empty() ||
        static_cast<std::int64_t>(array->values.size()) > kWeightsLimit) {
      add(ErrorCode::kInvalid, place,
          fmt::format("{}: has shape ({}); allowed are (rows, columns) of at most {} numbers",
                      matrix.path, fmt::join(array->shape, ", "), kWeightsLimit));
      return matrix;
    }
    const auto tiles = [this](std::int64_t extent) {
      const std::int64_t n = shard_.device.native_dim;
      return static_cast<std::uint32_t>((extent + n - 1) / n);
    };
    if (matrix.rows == 0) matrix.rows = static_cast<int>(array->shape[0]);
    if (matrix.columns == 0) matrix.columns = static_cast<int>(array->shape[1]);
    matrix.tile_rows = tiles(matrix.rows);
    matrix.tile_columns = tiles(matrix.columns);
    return matrix;
  }

  void describe_matrix(const AssemblyMatrix& matrix) {
    const auto extent = [&](int given, std::uint32_t tiles) {
      const std::int64_t all = std::int64_t{tiles} * shard_.device.native_dim;
      constexpr std::int64_t kMost = std::numeric_limits<int>::max();
      return static_cast<int>(given != 0 ? given : std::min(all, kMost));
    };
    ShardMatrix out;
    out.name = matrix.name;
    out.memory = matrix.memory;
    out.tile_address = matrix.tile;
    out.tile_rows = matrix.tile_rows;
    out.tile_columns = matrix.tile_columns;
    out.weights.format = shard_.format;
    out.weights.rows = extent(matrix.rows, matrix.tile_rows);
    out.weights.columns = extent(matrix.columns, matrix.tile_columns);
    shard_.matrices.push_back(std::move(out));
  }

  void fill() {
    std::int64_t total = 0;
    for (std::size_t i = 0; i < shard_.matrices.size(); ++i) {
      BfpMatrix& weights = shard_.matrices[i].weights;
      total += std::int64_t{weights.rows} * weights.columns;
      if (total > kWeightsLimit)
        return add(ErrorCode::kInvalid, places_.matrices[i],
                   fmt::format("more than {} weights in matrices", kWeightsLimit));
      const std::optional<std::vector<float>> made = weights_of(i);
      if (!made) continue;
      auto filled = quantise_matrix(*made, weights.rows, weights.columns, shard_.format,
                                    shard_.device.native_dim, assembly_.matrices[i].name);
      if (filled)
        weights = std::move(*filled);
      else
        add(filled.error().code, places_.matrices[i], filled.error().message);
    }
  }

  // Nothing: reported.
  std::optional<std::vector<float>> weights_of(std::size_t index) {
    const AssemblyMatrix& matrix = assembly_.matrices[index];
    const BfpMatrix& size = shard_.matrices[index].weights;
    if (matrix.content != AssemblyMatrix::Content::kFile) return made_weights(matrix, size);
    std::optional<FileArray> array = read_array(matrix.path, places_.matrices[index]);
    if (!array) return std::nullopt;
    if (array->shape == std::vector<std::int64_t>{size.rows, size.columns})
      return std::move(array->values);
    add(ErrorCode::kInvalid, places_.matrices[index],
        fmt::format("{}: has shape ({}); the matrix has {} rows of {} columns", matrix.path,
                    fmt::join(array->shape, ", "), size.rows, size.columns));
    return std::nullopt;
  }

  static std::vector<float> made_weights(const AssemblyMatrix& matrix, const BfpMatrix& size) {
    const auto columns = static_cast<std::size_t>(size.columns);
    std::vector<float> out(static_cast<std::size_t>(size.rows) * columns);
    if (matrix.content == AssemblyMatrix::Content::kIdentity)
      for (std::size_t i = 0; i < columns && i * columns + i < out.size(); ++i)
        out[i * columns + i] = 1.0F;
    if (matrix.content != AssemblyMatrix::Content::kRandom) return out;
    const Random random(matrix.seed, "assembly matrix");
    const double width = std::sqrt(12.0 / static_cast<double>(columns));
    for (std::size_t i = 0; i < out.size(); ++i)
      out[i] = static_cast<float>((random.unit(i) - 0.5) * width);
    return out;
  }

  const Assembly& assembly_;
  const AssemblyPlaces& places_;
  const std::string& file_;
  const ArrayLookup& arrays_;
  Shard shard_;
  Diagnostics found_;
};

}  // namespace

Checked<Shard> assemble(const ParsedAssembly& parsed, const std::string& file,
                        const DeviceLookup& devices, bool with_weights, const ArrayLookup& arrays) {
  return ShardMaker(parsed, file, arrays).run(devices, with_weights);
}

}  // namespace soliton
