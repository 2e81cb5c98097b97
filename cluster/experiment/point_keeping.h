// Where a sweep keeps what it knows of its points: in sweep.db, if it has the folder to itself, or in a
// file beside each point's results, if parts of it are played by several processes (stored_outcome.h).
// Private to cluster/experiment.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "cluster/experiment/point_outcome.h"
#include "cluster/experiment/point_store.h"
#include "cluster/results/folder_lock.h"

namespace soliton {

// Points are named by their folder, as seen from that of the sweep.
class PointKeeping {
 public:
  virtual ~PointKeeping() = default;
  // What a point was made from, unless it is to be run again.
  virtual std::optional<PointRecord> find(const std::string& point) const = 0;
  // Before a point is played. Returns false if another process plays it. kNotWritten.
  virtual Result<bool> claim(const std::string& point) = 0;
  virtual void release(const std::string& point) = 0;
  // Whether the point may be written: kNotWritten if it was taken over.
  virtual Status check(const std::string& point) const = 0;
  virtual Status forget(const std::string& point) = 0;
  // `identity` is cluster_identity(), `outcome` what came of it; null: an earlier one is kept.
  virtual Status put(const StoredPoint& point, const std::optional<std::string>& identity,
                     const Checked<PointOutcome>* outcome) = 0;
  // Whether a point that is kept has no row yet.
  virtual bool lacks(const std::string& point) const = 0;
};

// `lock` must outlive the object.
std::unique_ptr<PointKeeping> keep_in_database(PointStore store, const FolderLock& lock,
                                               std::string folder);

using KeepLease = std::function<std::shared_ptr<void>(FolderLock& lock)>;
// Every point that is played has a lease of its own: the lock of its folder.
std::unique_ptr<PointKeeping> keep_beside_points(std::string folder, KeepLease keep_lease);

}  // namespace soliton
