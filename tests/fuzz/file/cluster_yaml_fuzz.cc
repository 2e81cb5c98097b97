// Cluster text -> spec -> resolved faults -> text. The first line may hold overrides: `#set
// PATH=VALUE;PATH=VALUE`.
//
// Holds for every input: no crash; a refusal has at least one message, each with a code of exit
// status 2 and without control bytes; an accepted file, written out, reads back to the same text.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>

#include "cluster/file/spec.h"
#include "protocol/base/check.h"
#include "tests/cluster_text.h"

namespace {

using namespace soliton;

Overrides overrides_in(const std::string& text) {
  const std::string mark = "#set ";
  if (!text.starts_with(mark)) return {};
  const std::string line = text.substr(mark.size(), text.find('\n') - mark.size());
  Overrides out;
  for (std::size_t at = 0; at <= line.size() && out.size() < 8;) {
    const std::size_t end = std::min(line.find(';', at), line.size());
    out.push_back(line.substr(at, end - at));
    at = end + 1;
  }
  return out;
}

void check_errors(const Diagnostics& problems) {
  SOLITON_CHECK(!problems.empty());
  for (const Error& error : problems.errors) {
    SOLITON_CHECK(exit_status(error.code) == 2);
    SOLITON_CHECK(!error.message.empty());
    for (const char c : error.message)
      SOLITON_CHECK(static_cast<unsigned char>(c) >= 0x20 && c != 0x7f);
  }
}

// A star of the first few nodes: enough for selectors to find something.
Topology star(const ClusterSpec& spec) {
  Topology topology;
  topology.nodes = static_cast<std::uint32_t>(std::min<std::size_t>(spec.nodes.size(), 16));
  for (std::uint32_t i = 0; i < topology.nodes; ++i)
    topology.vertices.push_back({.name = spec.nodes[i].name});
  topology.vertices.push_back({.name = "tor0", .is_switch = true});
  for (std::uint32_t i = 0; i < topology.nodes; ++i) {
    TopologyLink link;
    link.name = spec.nodes[i].name + "-tor0";
    link.ends[0] = i;
    link.ends[1] = topology.nodes;
    topology.links.push_back(std::move(link));
  }
  return topology;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string text(reinterpret_cast<const char*>(data), size);
  const std::string folder = std::string(SOLITON_SOURCE_DIR) + "/configs";
  const DataRoot root{SOLITON_SOURCE_DIR};
  const Checked<ClusterSpec> spec =
      read_cluster_text(text, folder + "/fuzz.yaml", overrides_in(text), root);
  if (!spec) return check_errors(spec.error()), 0;
  if (const Checked<FaultPlan> plan = resolve_faults(*spec, star(*spec)); !plan)
    check_errors(plan.error());
  const std::string written = write_cluster(*spec, folder);
  const Checked<ClusterSpec> again = read_cluster_text(written, folder + "/fuzz.yaml", {}, root);
  SOLITON_CHECK_MSG(again.has_value(), "{}\n{}", again ? "" : again.error().text(), written);
  SOLITON_CHECK(write_cluster(*again, folder) == written);
  return 0;
}
