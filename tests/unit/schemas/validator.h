// A validator of JSON Schemas that is not ours, for tests that hold the schemas against files.
#pragma once

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "cluster/file/parts.h"

namespace soliton {

inline const DataRoot kData{SOLITON_SOURCE_DIR};

std::string file_text(const std::filesystem::path& path);
void write_text(const std::filesystem::path& path, const std::string& text);

// All YAML files that ship, in order.
std::vector<std::string> shipped_yaml();
// "cluster", "experiment", "device" or "topology", as `check` tells it by the file's keys.
std::string kind_of_file(const std::string& file);

class Validator : public testing::Test {
 protected:
  struct Job {
    std::string kind;
    std::string file;
  };

  void SetUp() override { std::filesystem::create_directories(folder_); }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  // What the validator says of each file, by path: nothing for a good one.
  std::map<std::string, std::vector<std::string>> validate(const std::vector<Job>& jobs) const;

  std::filesystem::path folder_ =
      std::filesystem::path(testing::TempDir()) /
      ("schemas-" + std::to_string(testing::UnitTest::GetInstance()->random_seed() + getpid()));
};

}  // namespace soliton
