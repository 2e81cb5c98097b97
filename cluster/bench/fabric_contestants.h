// Who takes part in `soliton bench fabric`: clusters of ours, and peers that are programs of their own
// (tests/bench/ns3_network.cc, tests/bench/simgrid_network.cc).
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "cluster/file/spec.h"
#include "protocol/base/result.h"

namespace soliton {

// Calls `work` in a process of its own, so that what one contestant leaves in memory and in caches is
// not the next one's; its numbers come back. nullopt if it failed.
std::optional<std::vector<double>> in_child(const std::function<std::vector<double>()>& work);
// The same in several processes at once; empty if one failed.
std::vector<std::vector<double>> in_children(const std::function<std::vector<double>()>& work,
                                             std::size_t count);

// CPU time of this process and of those it waited for.
double cpu_seconds();
// Most memory that this process had.
double peak_mib();

// One run of ours: what is asked for is prepared, then played packed; only playing is measured.
struct OwnRun {
  double cpu_seconds = 0;
  double wall_seconds = 0;
  std::uint64_t packets = 0;  // that nodes handed over, acknowledgements among them
  Duration emulated{};
  Bytes queue_max{};
  double peak_mib = 0;
};
// In child processes, `copies` of them at once, on so many threads each. Error: the text is no cluster,
// or did not run to its end.
Result<std::vector<OwnRun>> play_copies(const std::string& yaml, const DataRoot& data,
                                        std::uint32_t threads, std::size_t copies);
Result<OwnRun> play_own(const std::string& yaml, const DataRoot& data, std::uint32_t threads = 1);

// Numbers that a peer's program prints, or nullopt if it is not installed or failed. `input` goes to
// its standard input.
std::optional<std::vector<double>> run_peer(const std::string& program,
                                            const std::vector<std::string>& arguments,
                                            const std::string& input = {});

double median(std::vector<double> values);

}  // namespace soliton
