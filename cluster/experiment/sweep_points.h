// What becomes of each point of a sweep: whether an earlier one is kept, what is stored of a new one, and
// whether it failed. Private to cluster/experiment.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "cluster/experiment/point_keeping.h"
#include "cluster/experiment/sweep.h"

namespace soliton {

// The keys that are set, each with what stands last for it.
Scalars settings(const ExperimentPoint& point, const Overrides& more);

// The next point's folder.
std::string folder_of_point(PointFolders& names, const SweepSeries& series,
                            const SweepPoint& point);

class SweepPoints {
 public:
  struct Place {
    std::size_t series = 0, point = 0;
  };
  // A point that is to be run.
  struct Ready {
    Place place;
    std::string folder;
    Checked<ClusterSpec> spec;
    std::optional<std::string> identity;
  };

  SweepPoints(Sweep& sweep, const Experiment& experiment, const SweepOptions& options,
              std::unique_ptr<PointKeeping> keeping);

  // nullopt: an earlier one is kept, or its row could not be written (Sweep::not_written).
  std::optional<Ready> look(Place place);
  enum class Begun { kPlay, kKept, kBusy };
  // Takes the point and removes what an earlier run has left of it. kKept: meanwhile another process has
  // played it. kNotWritten.
  Result<Begun> begin(const Ready& ready);
  // What a part has left of a point that is not kept.
  std::optional<Checked<PointOutcome>> left_by_part(const Ready& ready) const;
  // Takes what came of it and stores it. kNotWritten: no further results could be stored.
  Status end(const Ready& ready, const Checked<PointOutcome>& outcome);

  // Of a search, whose points may fail: what fails then is no failure of the sweep.
  void set_searching(bool searching) { searching_ = searching; }
  bool must_stop() const { return sweep_.interrupted || (options_.stop && options_.stop()); }
  // For a point that is there although its results could not be stored.
  void stop_for(Place place, const Error& why);

 private:
  SweepPoint& point_at(Place place) { return sweep_.series[place.series].points[place.point]; }
  void name_folders();
  std::string short_name(const std::string& folder) const;
  bool is_kept(const Ready& ready);
  Status finish(const Ready& ready, const Checked<PointOutcome>& outcome);
  Status store(const Ready& ready, const std::optional<PointRecord>& record,
               const Checked<PointOutcome>* outcome);
  std::optional<PointRecord> record_of(const Ready& ready, const PointOutcome& outcome,
                                       std::string digest);
  Status fail(SweepPoint& point, const Diagnostics& why);
  void end_early(SweepPoint& point, ErrorCode code, const std::string& why);
  void judge(SweepPoint& point);
  void set_error(SweepPoint& point, std::string why, std::optional<ErrorCode> code);

  Sweep& sweep_;
  const Experiment& experiment_;
  const SweepOptions& options_;
  std::unique_ptr<PointKeeping> keeping_;
  PointFolders names_;
  std::vector<std::vector<std::string>> folders_;  // by place
  FileDigests digests_;
  bool searching_ = false;
};

}  // namespace soliton
