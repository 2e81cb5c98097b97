// Who may include whom (DESIGN.md, "The shape"), read off the sources. tests/link proves the same
// of the archives.
#include <gtest/gtest.h>

#include <map>
#include <regex>

#include "tests/tidy/sources.h"

namespace soliton {
namespace {

// Folder -> prefixes its files may include besides themselves. The longest folder that matches a
// path counts.
const std::map<std::string, std::vector<std::string>>& allowed() {
  static const std::map<std::string, std::vector<std::string>> table = {
      {"protocol/math", {}},
      {"protocol/base", {"protocol/math"}},
      {"protocol/json", {"protocol/base"}},
      {"protocol/wire", {"protocol/base"}},
      {"protocol/tensor", {"protocol/base", "protocol/math"}},
      {"protocol/isa", {"protocol/base", "protocol/tensor"}},
      {"protocol/control", {"protocol/"}},
      {"topologies", {"protocol/"}},
      {"fabric", {"protocol/base"}},
      {"fabric/ltl", {"protocol/base", "protocol/wire", "fabric/link.h"}},
      {"fabric/aead", {"protocol/base", "protocol/wire"}},
      {"fabric/faults",
       {"protocol/base", "protocol/math", "protocol/wire/ltl_header.h", "fabric/link.h",
        "topologies/"}},
      {"fabric/sim", {"protocol/base", "fabric/", "topologies/"}},
      {"fabric/message",
       {"protocol/base", "fabric/faults", "fabric/sim/fault_windows.h",
        "fabric/sim/network_counters.h", "fabric/sim/earliest_events.h", "topologies/"}},
      {"fabric/shm", {"protocol/base", "fabric/"}},
      {"fabric/udp", {"protocol/base", "fabric/link.h", "fabric/carrier.h"}},
      {"node/npu", {"protocol/"}},
      {"node/deployment",
       {"protocol/base", "fabric/ltl", "fabric/udp/address.h", "fabric/faults/fault_plan.h"}},
      {"node/service",
       {"protocol/", "fabric/machine.h", "fabric/faults/node_trouble.h", "node/npu",
        "node/deployment"}},
      {"node/traffic",
       {"protocol/base", "protocol/math", "node/service/role.h", "node/service/flow.h",
        "node/deployment"}},
      {"node/cpu", {"protocol/", "node/service", "node/deployment", "partition/ir"}},
      {"node/recovery", {"protocol/base", "node/deployment", "node/service"}},
      {"node/roles",
       {"protocol/", "node/deployment", "node/service", "node/recovery", "node/cpu",
        "node/traffic"}},
      {"node/shell",
       {"protocol/base", "fabric/ltl", "fabric/link.h", "fabric/machine.h", "node/deployment",
        "node/service/role.h"}},
      {"node/chassis",
       {"protocol/base", "fabric/machine.h", "fabric/faults", "node/deployment", "node/service",
        "node/shell"}},
      {"node/runtime", {"protocol/", "fabric/", "node/", "topologies/"}},
      {"partition", {"protocol/", "topologies/", "partition/", "node/npu"}},
      {"partition/cost",
       {"protocol/", "topologies/", "node/npu", "fabric/ltl", "fabric/sim", "fabric/faults",
        "fabric/link.h", "fabric/machine.h"}},
      {"partition/priced", {"protocol/base", "protocol/json"}},
      {"partition/assign", {"protocol/base", "partition/priced"}},
      {"partition/verify", {"protocol/base", "protocol/json", "partition/priced"}},
      {"partition/ir", {"protocol/"}},
      {"partition/certificate", {"protocol/base", "partition/plan"}},
      {"partition/plan", {"protocol/", "topologies/", "partition/ir", "partition/cost"}},
      {"cluster/yaml", {"protocol/base", "protocol/json"}},
      {"cluster/serve",
       {"protocol/base", "protocol/json", "partition/ir", "node/cpu/request_source.h",
        "node/deployment"}},
      {"cluster", {"protocol/", "topologies/", "fabric/", "node/", "partition/", "cluster/"}},
      {"tests", {""}},
  };
  return table;
}

std::string folder_of(const std::string& path) {
  std::string best;
  for (const auto& [folder, unused] : allowed())
    if (path.starts_with(folder + "/") && folder.size() > best.size()) best = folder;
  return best;
}

std::vector<std::string> includes_of(const SourceFile& file, const std::regex& pattern) {
  std::vector<std::string> out;
  for (const std::string& line : file.lines)
    if (std::smatch match; std::regex_search(line, match, pattern)) out.push_back(match[1]);
  return out;
}

TEST(Layers, OwnHeadersComeFromAllowedFoldersOnly) {
  const std::regex own("^#include \"([a-z_]+/[^\"]+)\"");
  std::size_t seen = 0;
  for (const SourceFile& file : source_files()) {
    const std::string folder = folder_of(file.path);
    ASSERT_FALSE(folder.empty()) << file.path << " is in no known folder";
    for (const std::string& header : includes_of(file, own)) {
      ++seen;
      bool good = header.starts_with(folder + "/");
      for (const std::string& prefix : allowed().at(folder))
        good = good || header.starts_with(prefix);
      EXPECT_TRUE(good) << file.path << " includes " << header;
    }
  }
  EXPECT_GT(seen, 300u);
}

TEST(Layers, LibrariesStayInTheirRooms) {
  const std::regex library("^#include [<\"]([a-zA-Z_+-]+)[/.]");
  const std::map<std::string, std::vector<std::string>> rooms = {
      {"boost", {"fabric/udp/", "node/runtime/", "cluster/", "tests/process/carriers/"}},
      {"yaml", {"cluster/yaml/yaml_tree.cc"}},
      {"onnx",
       {"partition/onnx/", "tests/unit/onnx/", "tests/unit/conformance/", "tests/fuzz/onnx/"}},
      {"google", {"partition/onnx/", "tests/unit/onnx/", "tests/fuzz/onnx/"}},
      {"capnp",
       {"protocol/control/", "node/runtime/", "node/roles/", "tests/bench/", "tests/unit/"}},
      {"CLI", {"cluster/cli/"}},
      {"spdlog", {"node/runtime/log.cc"}},
      {"seccomp", {"node/runtime/confinement.cc"}},
      {"nlohmann", {"protocol/json/", "tests/"}},
  };
  for (const SourceFile& file : source_files())
    for (const std::string& name : includes_of(file, library)) {
      const auto room = rooms.find(name);
      if (room == rooms.end()) continue;
      bool good = false;
      for (const std::string& prefix : room->second) good = good || file.path.starts_with(prefix);
      EXPECT_TRUE(good) << file.path << " includes " << name;
    }
}

// State machines are told the time and given their chance; they own no clock, socket, thread or
// file.
TEST(Layers, StateMachinesOwnNoClockSocketThreadOrFile) {
  const std::regex banned(
      "steady_clock::now|system_clock::now|random_device|std::rand\\b|sleep_for|getenv\\(|"
      "#include <(thread|mutex|fstream|sys/socket\\.h|unistd\\.h|iostream)>|unordered_(map|set)<");
  for (const SourceFile& file : source_files()) {
    bool machine = false;
    for (const char* folder : {"protocol/base/",      "protocol/wire/",
                               "protocol/isa/",       "protocol/tensor/",
                               "topologies/",         "fabric/ltl/",
                               "fabric/faults/",      "fabric/sim/",
                               "fabric/message/",     "node/npu/",
                               "node/service/",       "node/deployment/",
                               "node/cpu/",           "partition/ir/ops/",
                               "partition/place/",    "node/traffic/",
                               "node/shell/",         "protocol/math/",
                               "partition/ir/layer_", "partition/cost/",
                               "partition/search/",   "partition/certificate/",
                               "partition/lower/",    "partition/plan/",
                               "partition/priced/",   "partition/assign/",
                               "partition/verify/"})
      machine = machine || file.path.starts_with(folder);
    // A hash table that nobody can walk through.
    if (!machine || file.path == "partition/search/memo.h") continue;
    for (std::size_t i = 0; i < file.lines.size(); ++i)
      EXPECT_FALSE(std::regex_search(file.lines[i], banned))
          << file.path << ":" << i + 1 << ": " << file.lines[i];
  }
}

}  // namespace
}  // namespace soliton
