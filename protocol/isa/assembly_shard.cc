// Makes a shard from a parsed file: sizes come from the device, weights from seeds or files. Errors
// of the shard are mapped back to places in the file.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <limits>
#include <optional>

#include "protocol/isa/assembly.h"
#include "protocol/isa/assembly_contents.h"
#include "protocol/isa/assembly_line.h"

namespace soliton {

namespace {

SourcePlace place_of(const AssemblyPlaces& places, const ShardPlace& place) {
  const auto at = [&](const std::vector<SourcePlace>& list) {
    return place.index < list.size() ? list[place.index] : places.device;
  };
  switch (place.kind) {
    case ShardPlace::Kind::kMatrix:
      return at(places.matrices);
    case ShardPlace::Kind::kVector:
      return at(places.vectors);
    case ShardPlace::Kind::kZeroed:
      return at(places.zeroed);
    case ShardPlace::Kind::kSegment:
      return at(places.segments);
    case ShardPlace::Kind::kChain:
      return places.chains.at(place.index).at(place.instruction);
    case ShardPlace::Kind::kShard:
      break;
  }
  return places.device;
}

// If any matrix is streamed from Dram, the window takes the tiles of MatrixRf that pinned matrices
// leave free.
void choose_window(Shard& shard) {
  std::int64_t pinned = 0;
  std::int64_t streamed = 0;
  for (const ShardMatrix& matrix : shard.matrices) {
    const std::int64_t tiles = std::int64_t{matrix.tile_rows} * matrix.tile_columns;
    if (matrix.memory == Memory::kMatrixRf) pinned = std::max(pinned, matrix.tile_address + tiles);
    if (matrix.memory == Memory::kDram) streamed += tiles;
  }
  const bool streams = std::ranges::any_of(shard.program.chains, [](const Chain& chain) {
    return chain.instructions.size() > 1 && chain.instructions[1].opcode == Opcode::kMvMul &&
           chain.instructions[1].memory == Memory::kDram;
  });
  const std::int64_t left = tiles_that_fit(shard.device, shard.format) - pinned;
  if (streams)
    shard.window_tiles = static_cast<std::uint32_t>(
        std::clamp<std::int64_t>(left, 0, std::min(streamed, kAssemblyWeightsLimit)));
}

class ShardMaker {
 public:
  ShardMaker(const ParsedAssembly& parsed, const std::string& file, const ArrayLookup& arrays)
      : assembly_(parsed.assembly),
        places_(parsed.places),
        file_(file),
        found_(file),
        contents_(arrays, found_) {
    found_.append(parsed.errors);
  }

  // In stages: each one reports all its errors, but runs only if the earlier stages had none, whose
  // errors would only cause more.
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
  tl::unexpected<Diagnostics> fail() { return tl::unexpected<Diagnostics>(found_.take()); }

  void add(ErrorCode code, SourcePlace place, const std::string& message) {
    found_.add(code, place, message);
  }

  void add(const ShardFault& fault) {
    add(fault.error.code, place_of(places_, fault.place), fault.error.message);
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

  // Everything but the weights, which are made only for a shard that passes its checks.
  void describe_shard() {
    shard_.node = assembly_.node.empty() ? file_ : assembly_.node;
    shard_.zeroed = assembly_.zeroed;
    shard_.in_ports = assembly_.in_ports;
    shard_.out_ports = assembly_.out_ports;
    shard_.program = assembly_.program;
    for (std::size_t i = 0; i < assembly_.matrices.size(); ++i)
      describe_matrix(
          contents_.sized(assembly_.matrices[i], shard_.device.native_dim, places_.matrices[i]));
    choose_window(shard_);
    for (std::size_t i = 0; i < assembly_.vectors.size(); ++i) {
      const AssemblyVector& vector = assembly_.vectors[i];
      std::vector<Half> values = contents_.vector(vector, shard_.device, places_.vectors[i]);
      shard_.vectors.push_back({vector.name, vector.memory, vector.index, std::move(values)});
    }
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

  // The limit counts all matrices together, because their weights are in memory at the same time.
  void fill() {
    std::int64_t total = 0;
    for (std::size_t i = 0; i < shard_.matrices.size(); ++i) {
      BfpMatrix& weights = shard_.matrices[i].weights;
      total += std::int64_t{weights.rows} * weights.columns;
      if (total > kAssemblyWeightsLimit)
        return add(ErrorCode::kInvalid, places_.matrices[i],
                   fmt::format("more than {} weights in matrices", kAssemblyWeightsLimit));
      const std::optional<std::vector<float>> made =
          contents_.weights(assembly_.matrices[i], weights, places_.matrices[i]);
      if (!made) continue;
      auto filled = quantise_matrix(*made, weights.rows, weights.columns, shard_.format,
                                    shard_.device.native_dim, assembly_.matrices[i].name);
      if (filled)
        weights = std::move(*filled);
      else
        add(filled.error().code, places_.matrices[i], filled.error().message);
    }
  }

  const Assembly& assembly_;
  const AssemblyPlaces& places_;
  const std::string& file_;
  Shard shard_;
  PlacedErrors found_;
  AssemblyContents contents_;
};

}  // namespace

Checked<Shard> assemble(const ParsedAssembly& parsed, const std::string& file,
                        const DeviceLookup& devices, bool with_weights, const ArrayLookup& arrays) {
  return ShardMaker(parsed, file, arrays).run(devices, with_weights);
}

}  // namespace soliton
