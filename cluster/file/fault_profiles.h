// Profiles: names that stand for several fault rules, `{profile: storm, at: 1 ms, for: 5 ms}`. They become
// ordinary rules before these are read, and a run folder's cluster.yaml has those. Private to cluster/file.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "cluster/file/spec.h"
#include "cluster/yaml/reader.h"

namespace soliton {

// What a profile's rules may depend on.
struct ProfilePlace {
  Duration at{}, span{};
  std::string link;  // a selector of links
  std::string switches;
  std::vector<std::string> nodes;  // of the file, in its order
  std::uint64_t seed = 1;
};

struct FaultProfile {
  std::string_view name;
  std::string_view words;
  // In the forms of a file, a rule each.
  std::vector<std::string> (*rules)(const ProfilePlace& place);
};
std::span<const FaultProfile> fault_profiles();

// The entries of `faults:` with every profile in its rules; these have the profile's mark.
std::vector<YamlValue> without_profiles(ReadContext& context, const std::vector<YamlValue>& entries,
                                        const ClusterSpec& spec);

}  // namespace soliton
