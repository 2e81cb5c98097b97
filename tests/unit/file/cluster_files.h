// Cluster files for the tests: a small good one, a folder to put files in, and the errors of a bad
// one.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "cluster/file/spec.h"

namespace soliton {

// The shipped tree: devices and topologies come from it.
DataRoot shipped();

// A small valid file; `more` is appended to it.
std::string small_cluster(const std::string& more = "");
// small_cluster() with one piece of its text replaced. Fails the test when the piece is not there.
std::string small_cluster_with(const std::string& piece, const std::string& instead);

// Reads `text` as "test.yaml". Good files only: a bad one fails the test with its errors.
ClusterSpec read_good(const std::string& text, const Overrides& overrides = {});
// The messages of a bad file; none when it is good.
std::vector<std::string> errors_of(const std::string& text, const Overrides& overrides = {});
// The only message of a bad file, or all of them.
std::string error_of(const std::string& text, const Overrides& overrides = {});

// Fails the test for every field that differs; `file` and positions are not compared.
void expect_equal(const ClusterSpec& a, const ClusterSpec& b);

// A new empty folder, removed with the object.
class TestFolder {
 public:
  TestFolder();
  ~TestFolder();
  TestFolder(const TestFolder&) = delete;
  TestFolder& operator=(const TestFolder&) = delete;
  std::string path(const std::string& name) const { return (folder_ / name).string(); }
  // Writes a file, with the folders it needs, and returns its path.
  std::string write(const std::string& name, const std::string& text) const;

 private:
  std::filesystem::path folder_;
};

}  // namespace soliton
