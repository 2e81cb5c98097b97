// Cluster files for the tests: a small valid one, a folder for files, and the errors of an invalid
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
// small_cluster() with one piece of its text replaced. Fails the test if the text lacks the piece.
std::string small_cluster_with(const std::string& piece, const std::string& instead);

// Reads `text` as "test.yaml". For valid files: an invalid one fails the test with its errors.
ClusterSpec read_good(const std::string& text, const Overrides& overrides = {});
// The messages of an invalid file; none if it is valid.
std::vector<std::string> errors_of(const std::string& text, const Overrides& overrides = {});
// The only message of an invalid file, or all of them if there are several.
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
