// Number formats that files define, and what names them: devices and model.precision.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/file/cluster_files.h"

namespace soliton {
namespace {

using testing::Contains;
using testing::HasSubstr;

std::string with_format(const std::string& entry, const std::string& precision = "my-bfp") {
  return small_cluster_with("steps: 3}}", "steps: 3}, precision: \"" + precision + "\"}") +
         "formats:\n  - {" + entry + "}\n";
}

constexpr const char* kMyBfp = "name: my-bfp, element: e0m4, block: 16, scale_bits: 6";

TEST(DefinedFormats, AreReadWithTheirDefaults) {
  const ClusterSpec spec = read_good(with_format(kMyBfp));
  ASSERT_EQ(spec.formats.size(), 1u);
  NumberFormat expected = parse_format("e0m4,block=16,scale=6").value();
  expected.name = "my-bfp";
  EXPECT_EQ(spec.formats[0].format, expected);
  EXPECT_EQ(spec.model.precision, "my-bfp");
  const ClusterSpec bare = read_good(with_format("name: my-bfp, element: e0m3"));
  EXPECT_EQ(bare.formats[0].format.block, 0);
  EXPECT_EQ(bare.formats[0].format.scale_bits, 8);
}

TEST(DefinedFormats, TakeEveryKey) {
  const NumberFormat f =
      read_good(with_format("name: my-bfp, element: e2m3, block: native, scale_bits: float, "
                            "rounding: dither, overflow: saturate, flush: true, seed: 12"))
          .formats[0]
          .format;
  EXPECT_EQ(f.exponent_bits, 2);
  EXPECT_EQ(f.mantissa_bits, 3);
  EXPECT_EQ(f.block, 0);
  EXPECT_EQ(f.scale(), Scale::kFloat);
  EXPECT_EQ(f.rounding, Rounding::kDither);
  EXPECT_EQ(f.overflow, Overflow::kSaturate);
  EXPECT_TRUE(f.flush);
  EXPECT_EQ(f.dither_seed, 12u);
  EXPECT_EQ(read_good(with_format("name: my-bfp, element: e5m2, scale_bits: none, "
                                  "beats_per_tile: 20"))
                .formats[0]
                .format.scale(),
            Scale::kNone);
}

// bw-s10 has msfp13 (1s + 4m) at 18 beats, the narrowest format that holds 1s + 4m.
TEST(DefinedFormats, RunOnEveryDeviceAtTheBeatsOfAFormatAsWide) {
  const ClusterSpec spec = read_good(with_format(kMyBfp));
  const std::vector<NpuFormat>& formats = spec.nodes[0].device.npu.formats;
  EXPECT_EQ(formats.back().format, spec.formats[0].format);
  EXPECT_EQ(formats.back().beats_per_tile, 18);
  const ClusterSpec stated = read_good(with_format(std::string(kMyBfp) + ", beats_per_tile: 12"));
  EXPECT_EQ(stated.nodes[0].device.npu.formats.back().beats_per_tile, 12);
  // int16 is the widest it has.
  EXPECT_THAT(error_of(with_format("name: my-bfp, element: e5m12, scale_bits: none")),
              HasSubstr("model.precision: bw-s10 on fpga0 has no my-bfp"));
}

TEST(DefinedFormats, AreWrittenAndReadBack) {
  const TestFolder folder;
  const std::string device =
      folder.write("mine.yaml",
                   "name: mine\nclock: 100 MHz\ntile_engines: 1\nlanes: 4\nnative_dimension: 16\n"
                   "matrix_registers: 800\nformats:\n"
                   "  - {name: own, element: e3m2, block: 8, rounding: floor, beats_per_tile: 4}\n"
                   "  - {name: 'e0m2,block=native,scale=5', beats_per_tile: 3}\n");
  std::string text = with_format("name: my-bfp, element: e0m2, rounding: dither, seed: 3", "own");
  text.replace(text.find("bw-s10"), 6, device);
  const ClusterSpec spec = read_good(text);
  EXPECT_EQ(spec.model.precision, "own");
  for (const ClusterSpec& each : {spec, read_good(with_format(kMyBfp))}) {
    const std::string written = write_cluster(each, ".");
    SCOPED_TRACE(written);
    expect_equal(each, read_good(written));
  }
}

TEST(DefinedFormats, ADeviceWrittenInTheFileMayNameThem) {
  const std::string device =
      "{name: tiny, clock: 100 MHz, tile_engines: 1, lanes: 4, native_dimension: 16, "
      "matrix_registers: 800, formats: [{name: my-bfp, beats_per_tile: 4}]}";
  std::string text = with_format(kMyBfp);
  const ClusterSpec spec = read_good(text.replace(text.find("bw-s10"), 6, device));
  EXPECT_EQ(spec.nodes[0].device.npu.formats[0].format, spec.formats[0].format);
  EXPECT_EQ(spec.nodes[0].device.npu.formats.size(), 1u);
}

TEST(DefinedFormats, MistakesHaveTheirPlaceAndWhatIsAllowed) {
  const auto entry = [](const std::string& keys) { return error_of(with_format(keys)); };
  EXPECT_THAT(entry("name: my-bfp"), HasSubstr("test.yaml:7:5: formats[0].element is missing"));
  EXPECT_THAT(entry("name: my-bfp, element: e0m4, blok: 3"),
              HasSubstr("unknown key \"blok\" in formats[0]; did you mean \"block\"?"));
  EXPECT_THAT(entry("name: my-bfp, element: msfp12"),
              HasSubstr("formats[0].element: \"msfp12\" is not "
                        "an element"));
  EXPECT_THAT(entry("name: my-bfp, element: e0m40"), HasSubstr("element e0m40 is not one of"));
  EXPECT_THAT(entry("name: my-bfp, element: e6m1, scale_bits: 4"),
              HasSubstr("no kernel supports it"));
  EXPECT_THAT(
      entry("name: my-bfp, element: e0m4, scale_bits: 12"),
      HasSubstr("test.yaml:7:47: formats[0].scale_bits: scale=12 is not a whole number from "
                "2 to 8, nor float or none"));
  EXPECT_THAT(
      entry("name: my-bfp, element: e0m4, rounding: up"),
      HasSubstr("formats[0].rounding: round=up is not one of even, nearest, floor, dither"));
  EXPECT_THAT(entry("name: my-bfp, element: e0m4, block: 0"),
              HasSubstr("formats[0].block: block=0 is not a whole number from 1 to 65536"));
  EXPECT_THAT(entry("name: my-bfp, element: e0m4, scale_bits: none"),
              HasSubstr("an integer element needs a scale"));
  EXPECT_THAT(entry("name: msfp12, element: e0m4"),
              HasSubstr("\"msfp12\" already means something else"));
  EXPECT_THAT(entry("name: e0m4, element: e0m4"),
              HasSubstr("\"e0m4\" already means something else"));
  EXPECT_THAT(errors_of(with_format(std::string(kMyBfp) + "}\n  - {" + kMyBfp)),
              Contains(HasSubstr("formats[1].name: \"my-bfp\" is listed twice")));
  EXPECT_THAT(error_of(with_format(kMyBfp, "my-bpf")),
              HasSubstr("model.precision: unknown number format \"my-bpf\" (did you mean "
                        "\"my-bfp\"?)"));
  EXPECT_THAT(error_of(small_cluster("formats: {name: x}\n")),
              HasSubstr("formats: must be a list"));
}

TEST(DefinedFormats, ABadDefinitionIsReportedOnce) {
  EXPECT_EQ(errors_of(with_format("name: my-bfp, element: e0m40")).size(), 1u);
}

TEST(DefinedFormats, ADevicesOwnMustNotDifferFromTheFiles) {
  const std::string device =
      "{name: tiny, clock: 100 MHz, tile_engines: 1, lanes: 4, native_dimension: 16, "
      "matrix_registers: 800, formats: [{name: my-bfp, element: e0m5, beats_per_tile: 4}]}";
  std::string text = with_format(kMyBfp);
  EXPECT_THAT(error_of(text.replace(text.find("bw-s10"), 6, device)),
              HasSubstr("\"my-bfp\" is defined differently in the cluster's formats"));
}

TEST(Precision, IsKeptByItsCanonicalName) {
  const auto precision = [](const std::string& text) {
    return read_good(small_cluster_with("steps: 3}}", "steps: 3}, precision: \"" + text + "\"}"))
        .model.precision;
  };
  EXPECT_EQ(precision("MSFP12"), "msfp12");
  EXPECT_EQ(precision("msfp12,block=16"), "msfp12");
  EXPECT_THAT(error_of(small_cluster_with("steps: 3}}", "steps: 3}, precision: fp32}")),
              HasSubstr("model.precision: bw-s10 on fpga0 has no fp32; it has ms-fp8"));
}

}  // namespace
}  // namespace soliton
