// A prepared cluster that is played again and again with other faults.
//
// Trials are played in forked processes (forked_trials.h), so that one that crashes is a finding like
// others.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "cluster/chaos/chaos_plan.h"
#include "cluster/chaos/invariants.h"
#include "cluster/file/yaml_file.h"

namespace soliton {

// What a trial has in place of the faults of the cluster file.
struct ChaosSchedule {
  std::vector<ChaosRule> rules;
  // In place of rules, if there are any: lines of events.csv, which are done again.
  std::string events_head;
  std::vector<std::string> events;
  std::int64_t requests = 0;  // of each workload; 0: as the file says
};

struct ChaosPlay {
  bool twice = false;   // and compare the two
  bool record = false;  // ChaosTrial::events
};

class ChaosStage {
 public:
  // Reads and prepares `file`, which must be one for packets in virtual time.
  static Checked<std::unique_ptr<ChaosStage>> open(const std::string& file,
                                                   const Overrides& overrides,
                                                   const DataRoot& data);

  const PreparedRun& run() const { return *run_; }
  // The run without faults that others are compared with from here on.
  void set_gauge(ChaosGauge gauge) { gauge_ = std::move(gauge); }
  const ChaosGauge& gauge() const { return gauge_; }
  // Where faults may be: everything that the cluster has. REQUIRES: a gauge.
  ChaosGround ground() const;

  // Plays in this process, which may have no threads yet when it plays for the first time, and is good for
  // nothing else afterwards. With `requests`, later trials have as few. Error: the schedule is not one of
  // a cluster file.
  Result<ChaosTrial> play(const ChaosSchedule& schedule, ChaosPlay how);

  // Number of requests, messages or rounds of its largest workload.
  std::int64_t requests() const;
  // The cluster file with this schedule and this value of `expect:`, for `folder`, which has its
  // firings in events.csv.
  Result<std::string> file_with(const ChaosSchedule& schedule, const std::string& expect,
                                const std::string& folder) const;

 private:
  ChaosStage(YamlFile yaml, Overrides overrides, DataRoot data)
      : yaml_(std::move(yaml)), overrides_(std::move(overrides)), data_(std::move(data)) {}
  Overrides overrides_for(std::int64_t requests) const;
  Status prepare_fewer(std::int64_t requests);
  Status set_faults(const ChaosSchedule& schedule);
  ChaosTrial play_once(bool record, std::uint64_t* hash) const;

  YamlFile yaml_;
  Overrides overrides_;
  DataRoot data_;
  std::unique_ptr<PreparedRun> run_;
  std::unique_ptr<ControlLoop> loop_;  // in the processes that play
  ChaosGauge gauge_;
  bool recovers_ = false;  // the cluster has a resource manager
};

}  // namespace soliton
