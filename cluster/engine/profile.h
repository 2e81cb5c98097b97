// Where the wall time of a run goes: its thread marks what it is doing, and another looks at the mark
// about a thousand times a second. Nothing of the run depends on it. Only a run that is profiled pays
// for marks in its loops: there they are set by wrappers around nodes and roles.
//
//   Profiler profiler;                                    // on the run's thread
//   { const Doing doing(Activity::kChecks); judge(); }
//   results.wall.profile = profiler.profile();
#pragma once

#include <array>
#include <atomic>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

#include "cluster/results/run_profile.h"
#include "fabric/sim/engine_node.h"
#include "node/service/role.h"

namespace soliton {

enum class Activity : std::uint8_t {
  kOther,
  kNetwork,
  kTransport,
  kRoles,
  kWaiting,
  kLaunch,
  kChecks,
  kResults,
};
inline constexpr std::size_t kActivities = 8;

// Marks what this thread is doing until the end of the object.
class Doing {
 public:
  explicit Doing(Activity what);
  ~Doing();
  Doing(const Doing&) = delete;
  Doing& operator=(const Doing&) = delete;

 private:
  Activity before_;
};

// Looks at the thread that made it, from a thread of its own.
class Profiler {
 public:
  Profiler();
  ~Profiler();
  Profiler(const Profiler&) = delete;
  Profiler& operator=(const Profiler&) = delete;
  RunProfile profile() const;

 private:
  void look();

  const std::atomic<Activity>& doing_;
  std::array<std::atomic<std::uint64_t>, kActivities> seen_{};
  double nodes_cpu_before_;
  std::mutex mutex_;
  std::condition_variable changed_;
  bool ended_ = false;
  std::thread thread_;
};

// Nodes behind wrappers that mark what is done in them. Without `wanted` they are the nodes themselves.
class ProfiledNodes {
 public:
  // `nodes` outlive the object.
  ProfiledNodes(std::vector<EngineNode*> nodes, Activity activity, bool wanted);
  ~ProfiledNodes();
  const std::vector<EngineNode*>& nodes() const { return nodes_; }

 private:
  std::vector<std::unique_ptr<EngineNode>> wrappers_;
  std::vector<EngineNode*> nodes_;
};

// A role that marks its calls as Activity::kRoles.
std::unique_ptr<Role> profiled(std::unique_ptr<Role> role);

}  // namespace soliton
