// Devices as values: what configs/devices/*.yaml describe (docs/timing.md). Sizes are per device.
#pragma once

#include <algorithm>
#include <cstdint>
#include <iterator>
#include <optional>
#include <string>
#include <vector>

#include "protocol/base/fields.h"
#include "protocol/base/quantity.h"
#include "protocol/isa/functions.h"
#include "protocol/tensor/format.h"

namespace soliton {

// How a matrix-vector product is shared between the T tile engines.
enum class Occupancy : std::uint8_t {
  kSpread,   // tiles go to whichever engine is free: rows * columns * beats / T cycles, no rounding
  kColumns,  // each engine holds every T-th tile column: rows * ceil(columns / T) * beats cycles
  kRows,     // each core holds every core-th tile row, and its engines share the core's tiles
};

// Whether the numbers of a timing model were fitted to measurements: to all that it describes, to a
// part of it, or not at all.
class Calibration {
 public:
  enum Extent : std::uint8_t { kNone, kFull, kPartly };
  constexpr Calibration(Extent extent) : extent_(extent) {}
  constexpr Calibration(bool calibrated) : extent_(calibrated ? kFull : kNone) {}
  constexpr operator Extent() const { return extent_; }

 private:
  Extent extent_;
};
template <>
struct FieldTraits<Calibration> {
  static constexpr FieldType kType = FieldType::kFlag;
  static constexpr std::int64_t number(Calibration value) { return value; }
  static constexpr Calibration from(std::int64_t number) {
    return static_cast<Calibration::Extent>(number);
  }
};

// How the recurrent cells are written as chains: the state is updated in the multifunction units of
// the last product's chain, or by vector chains of its own.
enum class CellPrograms : std::uint8_t { kFused, kStepwise };

// The parameters of the timing model, in cycles. A device family is a set of these numbers; no term
// belongs to a model or to a row of a table.
struct NpuTimingParameters {
  // I: least slot of a chain with an mv_mul. Higher: small models slow down.
  std::int64_t dispatch_cycles = 68;
  // Added to the occupancy of every product. Higher: every size slows down.
  std::int64_t slot_overhead_cycles = 0;
  // D: MVU and MFU depth to write-back, and what each native vector of rows adds.
  std::int64_t depth_cycles = 248;
  std::int64_t depth_cycles_per_vector = 0;
  // V: vector-only chain, read to write-back, and what each native vector adds.
  std::int64_t vector_cycles = 183;
  std::int64_t vector_cycles_per_vector = 0;
  // T0: once per request, NetQ in and out, start of the program.
  std::int64_t request_cycles = 654;
  // Word by word (node/npu/word_path.h): what a native vector takes at each unit behind the matrix
  // unit, tile rows that the matrix unit takes up together, depth from a row's sum to its
  // write-back, and from the loader to the matrix unit. 0 cycles a word: whole vectors are handed
  // over.
  std::int64_t word_cycles = 0;
  std::int64_t word_rows = 1;
  std::int64_t word_depth_cycles = 0;
  std::int64_t load_cycles = 0;
  // A product waits so long for a vector that has only just been made, until all cores have it.
  std::int64_t spread_cycles = 0;
  Occupancy occupancy = Occupancy::kSpread;
  Calibration calibrated = false;  // none: printed as "not calibrated"
  std::optional<double> error_percent;
  std::string scope;
  std::string source;
  bool operator==(const NpuTimingParameters&) const = default;
};

// A format the device's matrix-vector unit accepts, with the beats a native tile takes on one
// engine.
struct NpuFormat {
  NumberFormat format;
  std::int64_t beats_per_tile = 10;
  bool operator==(const NpuFormat&) const = default;
};

// A published peak of a build other than the configuration described here: shown beside the
// device's own peak, never used in a computation.
struct PublishedPeak {
  std::string format;
  double tops = 0;  // 10^12 operations a second
  bool operator==(const PublishedPeak&) const = default;
};

struct NpuDevice {
  std::string name;
  std::string description;
  std::string source;
  Frequency clock{250'000'000};
  int tile_engines = 6;  // T
  int cores = 1;         // into which the tile engines are divided under Occupancy::kRows
  int lanes = 40;        // L
  int native_dim = 400;  // N: elements of a native vector; a native tile is N x N weights
  // Vectors of different requests that every unit handles at once, with the same weights and
  // instructions: a batch of up to this many takes the time of one vector.
  int batch_lanes = 1;
  std::int64_t matrix_rf_tiles = 306;  // capacity in tiles of the first (native) format
  std::int64_t initial_vrf = 512;      // each register file in native vectors of fp16
  std::int64_t add_sub_vrf_0 = 512;
  std::int64_t add_sub_vrf_1 = 512;
  std::int64_t multiply_vrf = 512;
  std::int64_t instruction_words = 16384;
  int multifunction_units = 2;
  // What the multifunction units compute, each once, in the order of NpuFunction.
  std::vector<NpuFunction> functions{std::begin(kUsualFunctions), std::end(kUsualFunctions)};
  Bytes dram{};
  BitRate dram_rate{};
  BitRate network_rate{};          // of its port; 0: as fast as the cable it is on
  BitRate host_rate{};             // at which vectors come from the host and go back; 0: at once
  std::optional<double> power;     // of the board, in watts, as published
  std::vector<NpuFormat> formats;  // [0] is the native one
  std::vector<PublishedPeak> published_peaks;
  CellPrograms cell_programs = CellPrograms::kFused;
  NpuTimingParameters timing;
  bool operator==(const NpuDevice&) const = default;

  bool has(NpuFunction function) const {
    return std::find(functions.begin(), functions.end(), function) != functions.end();
  }
  // 2 * T * N * L * f * batch lanes.
  double peak_ops_per_second() const {
    return 2.0 * tile_engines * native_dim * lanes * static_cast<double>(clock.hertz) * batch_lanes;
  }
  // The same when a tile takes `beats_per_tile` cycles on an engine: N / L for the native format.
  double peak_ops_per_second(std::int64_t beats_per_tile) const {
    return 2.0 * tile_engines * native_dim * native_dim / static_cast<double>(beats_per_tile) *
           static_cast<double>(clock.hertz) * batch_lanes;
  }
  // Engine tiles a matrix of rows x columns native tiles takes: under kColumns every engine has as
  // many tile columns as the fullest, under kRows every core as many tile rows.
  std::int64_t tiles_taken(std::int64_t rows, std::int64_t columns) const {
    if (timing.occupancy == Occupancy::kSpread) return rows * columns;
    if (timing.occupancy == Occupancy::kRows) return (rows + cores - 1) / cores * cores * columns;
    return rows * ((columns + tile_engines - 1) / tile_engines) * tile_engines;
  }
};

// A host: runs CPU parts of a model and the clients. time of an operator = overhead + the longer of
// operations / operation rate and bytes touched / memory rate.
struct CpuDevice {
  std::string name;
  std::string description;
  std::string source;
  Duration operator_overhead = nanoseconds(200);
  BitRate memory_rate{160'000'000'000};
  EventRate operation_rate{32'000'000'000};
};

// Exactly one of the two is meant, by `kind`.
struct Device {
  enum class Kind : std::uint8_t { kNpu, kCpu } kind = Kind::kNpu;
  NpuDevice npu;
  CpuDevice cpu;
  const std::string& name() const { return kind == Kind::kNpu ? npu.name : cpu.name; }
};

// The keys of a device file. `base`, `kind` and `formats` are read by hand: values of a base hold
// where the map says nothing, and formats may be defined elsewhere.
inline constexpr std::int64_t kVectorsMost = 1 << 20;
inline constexpr std::int64_t kCyclesMost = 1'000'000'000;
// Times a million native vectors in a chain, still far below what 64 bits of ticks hold.
inline constexpr std::int64_t kCyclesPerVectorMost = 1'000;
// Up to this many lanes a sum of products of 7-bit mantissas is an exact fp32 number
// (docs/numbers.md).
inline constexpr int kNativeDimensionMost = 1'040;

inline constexpr FieldWord kOccupancies[] = {word("spread", Occupancy::kSpread),
                                             word("columns", Occupancy::kColumns),
                                             word("rows", Occupancy::kRows)};
inline constexpr FieldWord kCalibrations[] = {word("true", Calibration::kFull),
                                              word("false", Calibration::kNone),
                                              word("partly", Calibration::kPartly)};
inline constexpr Field kTimingRows[] = {
    field<&NpuTimingParameters::dispatch_cycles>("dispatch_cycles",
                                                 "I: least slot of a chain with `mv_mul`.")
        .between<std::int64_t>(0, kCyclesMost)
        .in("cycles"),
    field<&NpuTimingParameters::slot_overhead_cycles>("slot_overhead_cycles",
                                                      "Added to the occupancy of every product.")
        .between<std::int64_t>(0, kCyclesMost)
        .in("cycles"),
    field<&NpuTimingParameters::depth_cycles>(
        "depth_cycles", "D: depth of the matrix and multifunction units to write-back.")
        .between<std::int64_t>(1, kCyclesMost)
        .in("cycles"),
    field<&NpuTimingParameters::depth_cycles_per_vector>(
        "depth_cycles_per_vector", "Added to D for each native vector of rows.")
        .between<std::int64_t>(0, kCyclesPerVectorMost)
        .in("cycles"),
    field<&NpuTimingParameters::vector_cycles>("vector_cycles",
                                               "V: vector chain, from read to write-back.")
        .between<std::int64_t>(1, kCyclesMost)
        .in("cycles"),
    field<&NpuTimingParameters::vector_cycles_per_vector>("vector_cycles_per_vector",
                                                          "Added to V for each native vector.")
        .between<std::int64_t>(0, kCyclesPerVectorMost)
        .in("cycles"),
    field<&NpuTimingParameters::request_cycles>(
        "request_cycles", "T0: once per request, for the network queues and the program's start.")
        .between<std::int64_t>(0, kCyclesMost)
        .in("cycles"),
    field<&NpuTimingParameters::word_cycles>(
        "word_cycles",
        "What a native vector takes at each unit behind the matrix unit, in programs that carry "
        "nothing from round to round; 0: these hand whole vectors over, as others do.")
        .between<std::int64_t>(0, kCyclesPerVectorMost)
        .in("cycles")
        .if_changed(),
    field<&NpuTimingParameters::word_rows>(
        "word_rows", "Tile rows that the matrix unit takes up together, word by word.")
        .between<std::int64_t>(1, kCyclesPerVectorMost)
        .in("rows")
        .if_changed(),
    field<&NpuTimingParameters::word_depth_cycles>(
        "word_depth_cycles", "From a row's sum to its write-back, word by word.")
        .between<std::int64_t>(0, kCyclesMost)
        .in("cycles")
        .if_changed(),
    field<&NpuTimingParameters::load_cycles>(
        "load_cycles", "From the last word of an input to the first product, word by word.")
        .between<std::int64_t>(0, kCyclesMost)
        .in("cycles")
        .if_changed(),
    field<&NpuTimingParameters::spread_cycles>(
        "spread_cycles",
        "A product waits so long for a vector that was only just made, and each further vector of "
        "a batch does.")
        .between<std::int64_t>(0, kCyclesMost)
        .in("cycles")
        .if_changed(),
    field<&NpuTimingParameters::occupancy>(
        "occupancy",
        "How tile engines share a product: `spread` puts any tile on any engine, rows x columns x "
        "beats / T; `columns` puts every T-th tile column on each, rows x ceil(columns / T) x "
        "beats, and memory is taken in whole groups of T columns; `rows` deals tile rows to the "
        "cores, ceil(rows / cores) x columns x beats x cores / T, and memory is taken in whole "
        "groups of rows.")
        .spelled(kOccupancies),
    field<&NpuTimingParameters::calibrated>(
        "calibrated",
        "Whether the numbers were fitted, `partly` if only some of what the device can do was "
        "measured; printed beside every time.")
        .spelled(kCalibrations)
        .as(FieldType::kFlag),
    field<&NpuTimingParameters::error_percent>(
        "error_percent", "Bound of the error against the published times, in percent.")
        .between(0, 1'000)
        .if_changed(),
    field<&NpuTimingParameters::scope>("scope", "What the published times are of.").if_changed(),
    field<&NpuTimingParameters::source>("source", "What the numbers were fitted to."),
};
inline constexpr FieldTable kTimingFields =
    fields_of<NpuTimingParameters>("device_timing", kTimingRows);

inline constexpr Field kVectorRegisterRows[] = {
    field<&NpuDevice::initial_vrf>("initial", "InitialVrf.").between<std::int64_t>(1, kVectorsMost),
    field<&NpuDevice::add_sub_vrf_0>("add_sub_0", "AddSubVrf_0.")
        .between<std::int64_t>(1, kVectorsMost),
    field<&NpuDevice::add_sub_vrf_1>("add_sub_1", "AddSubVrf_1.")
        .between<std::int64_t>(1, kVectorsMost),
    field<&NpuDevice::multiply_vrf>("multiply", "MultiplyVrf.")
        .between<std::int64_t>(1, kVectorsMost),
};
inline constexpr FieldTable kVectorRegisterFields =
    fields_of<NpuDevice>("vector_registers", kVectorRegisterRows);

inline constexpr Field kPublishedPeakRows[] = {
    field<&PublishedPeak::format>("name", "Number format as its publisher calls it.")
        .as(FieldType::kName)
        .needed(),
    field<&PublishedPeak::tops>("peak", "10^12 operations per second.")
        .between(0, 1'000'000)
        .in("TOPS")
        .needed(),
};
inline constexpr FieldTable kPublishedPeakFields =
    fields_of<PublishedPeak>("published_peak", kPublishedPeakRows);

inline constexpr FieldWord kDeviceKinds[] = {word("npu", Device::Kind::kNpu),
                                             word("cpu", Device::Kind::kCpu)};
inline constexpr FieldWord kCellPrograms[] = {word("fused", CellPrograms::kFused),
                                              word("stepwise", CellPrograms::kStepwise)};
inline constexpr Field kNpuRows[] = {
    field<&NpuDevice::name>("name", "The device's name.").as(FieldType::kName).needed(),
    described("kind", "An FPGA, or a host.", FieldType::kChoice)
        .spelled(kDeviceKinds)
        .by_default("npu"),
    field<&NpuDevice::description>("description", "One line for lists."),
    field<&NpuDevice::source>("source", "Where the figures come from."),
    field<&NpuDevice::clock>("clock", "Clock of the NPU.")
        .between(Frequency{1'000'000}, Frequency{10'000'000'000})
        .needed(),
    field<&NpuDevice::tile_engines>("tile_engines", "T: tile engines.").between(1, 1'024).needed(),
    field<&NpuDevice::lanes>("lanes", "L: multiply-adds per cycle in each dot-product unit.")
        .between(1, kNativeDimensionMost)
        .needed(),
    field<&NpuDevice::native_dim>("native_dimension",
                                  "N: elements of a native vector; a native tile is N x N weights.")
        .between(1, kNativeDimensionMost)
        .needed(),
    field<&NpuDevice::cores>("cores", "Groups of tile engines that share tile rows (`rows`).")
        .between(1, 1'024)
        .if_changed(),
    field<&NpuDevice::batch_lanes>("batch_lanes",
                                   "Vectors of different requests that every unit handles at once.")
        .between(1, 1'024),
    field<&NpuDevice::multifunction_units>("multifunction_units", "Multifunction units in series.")
        .between(1, 16),
    field<&NpuDevice::functions>("functions",
                                 "What the multifunction units compute: a program that needs "
                                 "anything else is refused ([programs](isa.md#functions)).")
        .spelled(kFunctionWords),
    field<&NpuDevice::matrix_rf_tiles>("matrix_registers",
                                       "Weight memory, in native tiles of the first format.")
        .between<std::int64_t>(1, 1 << 20)
        .in("tiles")
        .needed(),
    section<kVectorRegisterFields>(
        "vector_registers", "Sizes of the vector register files, in native vectors of fp16."),
    field<&NpuDevice::instruction_words>("instruction_words",
                                         "Instruction memory, in words of 32 bits.")
        .between<std::int64_t>(1, 1 << 30)
        .in("words"),
    field<&NpuDevice::dram>("dram", "Off-chip memory.")
        .between(Bytes{0}, Bytes{std::int64_t{1} << 44}),
    field<&NpuDevice::dram_rate>("dram_bandwidth", "Rate of the off-chip memory.")
        .between(kSlowestRate, kFastestRate)
        .by_default("none")
        .if_changed(),
    field<&NpuDevice::network_rate>("network_bandwidth",
                                    "Rate of the network port: a cable runs at the least of its "
                                    "own rate and those of its ports. "
                                    "Not in a topology of kind `local`.")
        .between(kSlowestRate, kFastestRate)
        .by_default("as fast as the cable")
        .if_changed(),
    field<&NpuDevice::host_rate>("host_bandwidth",
                                 "Rate at which the vectors of a message come from the host and "
                                 "go back to it, one vector of a batch behind the other.")
        .between(kSlowestRate, kFastestRate)
        .by_default("at once")
        .if_changed(),
    field<&NpuDevice::power>("power", "Of the board, as published: for estimates of energy.")
        .between(0, 100'000)
        .in("W")
        .if_changed(),
    described("formats", "Number formats of the matrix-vector unit, the native one first."),
    maps_field<&NpuDevice::published_peaks, kPublishedPeakFields>(
        "published_peaks",
        "Peaks someone published for builds that are not this configuration; shown in lists, used "
        "for "
        "nothing.")
        .if_changed(),
    field<&NpuDevice::cell_programs>("cell_programs",
                                     "How GRU and LSTM are written: `fused` updates the state "
                                     "behind the last product, `stepwise` "
                                     "by vector chains of its own.")
        .spelled(kCellPrograms),
    map_field<&NpuDevice::timing, kTimingFields>("timing", "The timing model, in cycles."),
};
inline constexpr FieldTable kNpuFields = fields_of<NpuDevice>("npu", kNpuRows);

inline constexpr Field kCpuRows[] = {
    field<&CpuDevice::name>("name", "The device's name.").as(FieldType::kName).needed(),
    described("kind", "An FPGA, or a host.", FieldType::kChoice)
        .spelled(kDeviceKinds)
        .by_default("npu"),
    field<&CpuDevice::description>("description", "One line for lists."),
    field<&CpuDevice::source>("source", "Where the figures come from."),
    field<&CpuDevice::operator_overhead>("operator_overhead", "Fixed time per operator.")
        .between(Duration{0}, milliseconds(1'000)),
    field<&CpuDevice::memory_rate>("memory_bandwidth", "Rate of the bytes an operator touches.")
        .between(kSlowestRate, kFastestRate),
    field<&CpuDevice::operation_rate>("operation_rate",
                                      "Rate of arithmetic: a multiply-add is two operations, any "
                                      "other element one.")
        .between(EventRate{1'000'000}, EventRate{std::int64_t{1'000'000} * 1'000'000'000}),
};
inline constexpr FieldTable kCpuFields = fields_of<CpuDevice>("cpu", kCpuRows);

}  // namespace soliton
