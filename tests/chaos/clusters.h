// The small clusters on which chaos is played: tests/chaos/clusters.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "cluster/chaos/campaign.h"

namespace soliton {

inline std::vector<std::string> chaos_clusters() {
  std::vector<std::string> out;
  for (const auto& file : std::filesystem::directory_iterator(std::string(SOLITON_SOURCE_DIR) +
                                                              "/tests/chaos/clusters"))
    out.push_back(file.path().string());
  std::sort(out.begin(), out.end());
  return out;
}

inline std::string short_name(const std::string& cluster) {
  return std::filesystem::path(cluster).stem().string();
}

// Prepared, and measured without faults. Null after a failure.
inline std::unique_ptr<ChaosStage> chaos_stage(const std::string& cluster) {
  auto stage = ChaosStage::open(cluster, {}, DataRoot{SOLITON_SOURCE_DIR});
  EXPECT_TRUE(stage) << stage.error().text();
  if (!stage) return nullptr;
  const Status good = measure_gauge(**stage);
  EXPECT_TRUE(good) << cluster << ": " << good.error().message;
  return good ? std::move(*stage) : nullptr;
}

}  // namespace soliton
