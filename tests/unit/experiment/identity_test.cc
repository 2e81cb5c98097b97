#include "cluster/experiment/identity.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>

#include "cluster/results/results.h"
#include "tests/unit/results/scratch_folder.h"

namespace soliton {
namespace {

namespace fs = std::filesystem;
using testing::ElementsAre;

class Identity : public testing::Test {
 protected:
  std::string write(const std::string& name, const std::string& text) const {
    EXPECT_TRUE(write_file(scratch_ / name, text));
    return scratch_ / name;
  }
  ClusterSpec read(const std::string& file, const Overrides& overrides = {}) const {
    const Checked<ClusterSpec> spec = read_cluster(file, overrides, {SOLITON_SOURCE_DIR});
    if (!spec) throw std::runtime_error(spec.error().text());
    return *spec;
  }
  std::optional<std::string> identity(const ClusterSpec& spec,
                                      const std::string& build = "a build") {
    return cluster_identity(spec, build, digests_);
  }

  ScratchFolder scratch_;
  FileDigests digests_;
};

constexpr const char* kCluster =
    "time: wall\n"
    "topology: ./topo.yaml\n"
    "nodes:\n"
    "  - {name: \"fpga[0-1]\", device: ./dev.yaml}\n"
    "  - {name: fpga2, device: {base: ./dev.yaml, clock: 60 MHz}}\n"
    "  - {name: host0, device: cpu}\n"
    "model: {rnn: {cell: gru, hidden: 8, steps: 2}}\n"
    "wall: {key_file: run.key}\n";

class ClusterOfFiles : public Identity {
 protected:
  void SetUp() override {
    write("dev.yaml", "base: ./own.yaml\nname: mydev\n");
    write("own.yaml", "base: bw-pocket\nname: own\n");
    write("topo.yaml", "kind: rack\n");
    ASSERT_EQ(chmod(write("run.key", std::string(64, 'a')).c_str(), 0600), 0);
    file_ = write("c.yaml", kCluster);
  }
  std::string file_;
};

TEST_F(ClusterOfFiles, AreAllNamedOnceInTheOrderOfTheirOpening) {
  const std::string devices = std::string(SOLITON_SOURCE_DIR) + "/configs/devices/";
  std::vector<std::string> paths;
  const ClusterSpec spec = read(file_);
  for (const FilesRead::File& file : spec.files_read.files()) {
    EXPECT_TRUE(file.stamp) << file.path;
    paths.push_back(file.path);
  }
  EXPECT_THAT(paths, ElementsAre(file_, scratch_ / "topo.yaml", scratch_ / "dev.yaml",
                                 scratch_ / "own.yaml", devices + "bw-pocket.yaml",
                                 devices + "cpu.yaml", scratch_ / "run.key"));
}

TEST_F(ClusterOfFiles, AreTheIdentityByContent) {
  const std::optional<std::string> before = identity(read(file_));
  ASSERT_TRUE(before);
  EXPECT_EQ(identity(read(file_)), before);
  write("own.yaml", "base: bw-pocket\nname: own\n");
  EXPECT_EQ(identity(read(file_)), before) << "the same content written anew";
  for (const auto& [name, text] : {std::pair{"own.yaml", "base: bw-pocket\nname: own\n# more\n"},
                                   {"dev.yaml", "base: ./own.yaml\nname: mydev\n# more\n"},
                                   {"topo.yaml", "kind: rack\n# more\n"}}) {
    const std::optional<std::string> last = identity(read(file_));
    write(name, text);
    EXPECT_NE(identity(read(file_)), last) << name;
  }
  const std::optional<std::string> last = identity(read(file_));
  ASSERT_EQ(chmod(write("run.key", std::string(64, 'b')).c_str(), 0600), 0);
  EXPECT_NE(identity(read(file_)), last) << "the key";
}

TEST_F(ClusterOfFiles, CountWithBuildAndOverrides) {
  const std::optional<std::string> before = identity(read(file_));
  EXPECT_NE(identity(read(file_), "another build"), before);
  EXPECT_FALSE(identity(read(file_), ""));
  EXPECT_NE(identity(read(file_, {"seed=9"})), before);
  EXPECT_EQ(identity(read(file_, {"seed=1"})), before) << "the default";
}

TEST_F(ClusterOfFiles, ThatChangedSinceTheyWereReadHaveNoIdentity) {
  const ClusterSpec spec = read(file_);
  write("topo.yaml", "kind: rack\nbandwidth: 1 Gb/s\n");
  EXPECT_FALSE(identity(spec));
  fs::remove(scratch_ / "topo.yaml");
  EXPECT_FALSE(identity(spec));
}

TEST_F(Identity, DigestsAreThoseOfTheFileThatWasNoted) {
  const std::string path = write("a", "abc");
  FilesRead files;
  files.note(path);
  EXPECT_EQ(digests_.of(files.files()[0]),
            "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  write("a", "abd");
  files.note(path);
  ASSERT_EQ(files.files().size(), 1u);
  FileDigests fresh;
  EXPECT_FALSE(fresh.of(files.files()[0]));
}

TEST_F(Identity, WhatIsNoRegularFileHasNoDigest) {
  ASSERT_EQ(mkfifo((scratch_ / "pipe").c_str(), 0600), 0);
  FilesRead files;
  for (const char* name : {"pipe", "none", ""}) files.note(scratch_ / name);
  for (const FilesRead::File& file : files.files()) EXPECT_FALSE(digests_.of(file)) << file.path;
}

TEST_F(Identity, RecordedPathsAreSeenFromTheClusterFile) {
  fs::create_directories(scratch_ / "p/data");
  ClusterSpec spec;
  spec.file = scratch_ / "p/c.yaml";
  FilesRead files;
  for (const char* name : {"p/data/x.npy", "y.npy"}) files.note(write(name, name));
  const auto recorded = record_files(spec, files, digests_);
  ASSERT_TRUE(recorded);
  EXPECT_EQ((*recorded)[0].path, "data/x.npy");
  EXPECT_EQ((*recorded)[1].path, "../y.npy");
  EXPECT_TRUE(unchanged(spec, *recorded, digests_));
  write("y.npy", "other");
  EXPECT_FALSE(unchanged(spec, *recorded, digests_));
}

}  // namespace
}  // namespace soliton
