#include "protocol/base/names.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include "cluster/file/shipped.h"
#include "cluster/yaml/files.h"
#include "tests/unit/file/cluster_files.h"

namespace soliton {
namespace {

using testing::ElementsAre;

std::vector<std::string> expanded(const std::string& pattern) {
  const Result<std::vector<std::string>> names = expand_ranges(pattern, 100);
  return names ? *names : std::vector<std::string>{"error: " + names.error().message};
}

TEST(Names, AreSafeInPathsAndTerminals) {
  for (const char* good : {"a", "fpga0", "a.b_c-d", "0"}) EXPECT_TRUE(is_valid_name(good)) << good;
  EXPECT_TRUE(is_valid_name(std::string(63, 'a')));
  EXPECT_FALSE(is_valid_name(std::string(64, 'a')));
  for (const char* bad : {"", "A", "a b", "a/b", "\xc3\xbc", "a\n", "a*", "a[0]"})
    EXPECT_FALSE(is_valid_name(bad)) << bad;
}

TEST(Names, RangesExpandInOrder) {
  EXPECT_THAT(expanded("host0"), ElementsAre("host0"));
  EXPECT_THAT(expanded("fpga[0-3]"), ElementsAre("fpga0", "fpga1", "fpga2", "fpga3"));
  EXPECT_THAT(expanded("n[9-10]x"), ElementsAre("n9x", "n10x"));
  EXPECT_THAT(expanded("n[08-10]"), ElementsAre("n08", "n09", "n10"));
  EXPECT_THAT(expanded("r[0-1]n[2-3]"), ElementsAre("r0n2", "r0n3", "r1n2", "r1n3"));
  EXPECT_THAT(expanded("[5-5]"), ElementsAre("5"));
}

TEST(Names, BadRangesAreExplained) {
  EXPECT_THAT(expanded("a[3-1]"), ElementsAre("error: \"a[3-1]\": the range [3-1] runs backwards"));
  EXPECT_THAT(expanded("a[1]"), ElementsAre("error: \"a[1]\": [1] is not a range; write [0-3]"));
  EXPECT_THAT(expanded("a[-1-2]"),
              ElementsAre("error: \"a[-1-2]\": [-1-2] is not a range; write [0-3]"));
  EXPECT_THAT(expanded("a[0-3"), ElementsAre("error: \"a[0-3\": brackets do not pair"));
  EXPECT_THAT(expanded("a]0["), ElementsAre("error: \"a]0[\": brackets do not pair"));
  EXPECT_THAT(expanded("a[0-100]"),
              ElementsAre("error: \"a[0-100]\" stands for more than 100 names"));
  EXPECT_THAT(expanded("a[0-999999999][0-999999999]"),
              ElementsAre("error: \"a[0-999999999][0-999999999]\" stands for more than 100 names"));
  EXPECT_EQ(expanded("a[0-99]").size(), 100U);
}

TEST(Names, Globs) {
  for (const auto& [glob, text] : {std::pair{"*", ""},
                                   {"*", "abc"},
                                   {"a*", "a"},
                                   {"a*c", "abcc"},
                                   {"*b*", "abc"},
                                   {"fpga*-tor0", "fpga12-tor0"},
                                   {"abc", "abc"},
                                   {"a**c", "ac"}})
    EXPECT_TRUE(glob_matches(glob, text)) << glob << " " << text;
  for (const auto& [glob, text] :
       {std::pair{"", "a"}, {"a", ""}, {"a*", "ba"}, {"a*c", "ab"}, {"*b", "abc"}, {"abc", "abcd"}})
    EXPECT_FALSE(glob_matches(glob, text)) << glob << " " << text;
}

TEST(Files, PathsResolveAndComeBack) {
  EXPECT_EQ(folder_of("configs/a.yaml"), "configs");
  EXPECT_EQ(folder_of("a.yaml"), "");
  EXPECT_EQ(resolve_path("configs/faults", "../models/m.onnx"), "configs/models/m.onnx");
  EXPECT_EQ(resolve_path("", "m.onnx"), "m.onnx");
  EXPECT_EQ(resolve_path("configs", "/data/m.onnx"), "/data/m.onnx");
  EXPECT_EQ(path_from("runs/one", "configs/m.onnx"), "../../configs/m.onnx");
  EXPECT_EQ(path_from("", "configs/m.onnx"), "configs/m.onnx");
  EXPECT_EQ(path_from("configs", "configs/m.onnx"), "m.onnx");
  EXPECT_EQ(path_from("runs/one", "/data/m.onnx"), "/data/m.onnx");
}

TEST(Files, PathsOutOfASymbolicLinkStayTrue) {
  const TestFolder folder;
  const std::string model = folder.write("data/m.onnx", "x");
  std::filesystem::create_directories(folder.path("deep/er"));
  std::filesystem::create_directory_symlink(folder.path("deep/er"), folder.path("link"));
  EXPECT_TRUE(
      is_regular_file(resolve_path(folder.path("link"), path_from(folder.path("link"), model))));
}

TEST(Files, MissingOnesNameTheNearest) {
  const TestFolder folder;
  folder.write("models/tuned.onnx", "x");
  EXPECT_EQ(explain_missing_file(folder.path("models/tunde.onnx")),
            "no file \"" + folder.path("models/tunde.onnx") + "\"; did you mean \"tuned.onnx\"?");
  EXPECT_EQ(explain_missing_file(folder.path("model/tuned.onnx")),
            "no folder \"" + folder.path("model") + "\"; did you mean \"models\"?");
  EXPECT_EQ(explain_missing_file(folder.path("models")),
            fmt::format("\"{}\" is not a file", folder.path("models")));
}

TEST(Files, DevicesAndFoldersAreNotRead) {
  const TestFolder folder;
  EXPECT_EQ(read_text_file("/dev/zero", 100).error().message,
            "\"/dev/zero\" is a device, not a file");
  folder.write("sub/a", "");
  EXPECT_EQ(read_text_file(folder.path("sub"), 100).error().message,
            "\"" + folder.path("sub") + "\" is a folder, not a file");
  EXPECT_FALSE(read_text_file(folder.path("nothing"), 100).has_value());
  const std::string file = folder.write("a", "12345");
  EXPECT_EQ(*read_text_file(file, 5), "12345");
  EXPECT_EQ(read_text_file(file, 4).error().message,
            "\"" + file + "\" has 5 bytes; the limit is 4");
}

TEST(Files, StreamsAreSeenFromTheCurrentFolder) {
  for (const char* stream : {"-", "/dev/stdin", "/dev/fd/63", "/proc/self/fd/3"})
    EXPECT_EQ(folder_of(stream), "") << stream;
  EXPECT_EQ(folder_of("/dev/shm/a.yaml"), "/dev/shm");
  int ends[2];
  ASSERT_EQ(pipe(ends), 0);
  ASSERT_EQ(write(ends[1], "abc", 3), 3);
  close(ends[1]);
  const std::string name = fmt::format("/proc/self/fd/{}", ends[0]);
  EXPECT_EQ(*read_text_file(name, 3), "abc");
  close(ends[0]);
}

TEST(Files, ShippedOnesAreFoundByPathAndByName) {
  const std::string root = SOLITON_SOURCE_DIR;
  for (const char* name : {"quickstart", "quickstart.yaml"})
    EXPECT_EQ(*find_input(name, shipped()), root + "/configs/quickstart.yaml") << name;
  EXPECT_EQ(*find_input("ltl/ping-pod", shipped()), root + "/configs/ltl/ping-pod.yaml");
  EXPECT_EQ(*find_input("lstm", shipped()), root + "/configs/programs/lstm.npu");
  EXPECT_EQ(*find_input("rack", shipped()), root + "/topologies/rack.yaml");
  EXPECT_EQ(*find_input("-", shipped()), "-");
  EXPECT_EQ(*find_input("/nowhere/quickstart", shipped()), "/nowhere/quickstart");
  const TestFolder folder;
  const std::string own = folder.write("quickstart.yaml", "");
  EXPECT_EQ(*find_input(own, shipped()), own);
  EXPECT_EQ(
      find_input("quickstrat", shipped()).error().message,
      "no file \"quickstrat\"; did you mean the shipped \"quickstart\"? (soliton list configs)");
}

}  // namespace
}  // namespace soliton
