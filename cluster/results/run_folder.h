// The folder of one run (interface, section 4): made, locked, written file by file, never holding
// half a file.
//
//   Result<RunFolder> folder = RunFolder::open({.name = "quickstart", .stamp =
//   run_stamp(std::time(nullptr))}); Status s = folder->write("results.json",
//   results_json(results));
#pragma once

#include <ctime>
#include <string>
#include <string_view>

#include "cluster/results/folder_lock.h"
#include "protocol/base/result.h"

namespace soliton {

struct RunFolderOptions {
  std::string name;   // of the cluster; characters unfit for a file name become '-'
  std::string stamp;  // "20261122-071204"
  std::string out;    // --out: exactly this folder; "": BASE/NAME-STAMP
  std::string base = "runs";
};

class RunFolder {
 public:
  // Makes BASE/NAME-STAMP (with "-2", "-3" … when it is there already), or `out` with its parents.
  // An existing `out` is taken when it is empty or a run folder whose owner is gone; the old run's
  // files are removed. Errors: kInvalid, `out` holds something else; kNotWritten, in use by a
  // living process, or it cannot be made.
  static Result<RunFolder> open(const RunFolderOptions& options);

  const std::string& path() const { return path_; }
  std::string log_folder() const { return path_ + "/log"; }
  // write_file() of a name inside the folder.
  Status write(const std::string& name, std::string_view content) const;

 private:
  RunFolder(std::string path, FolderLock lock) : path_(std::move(path)), lock_(std::move(lock)) {}

  std::string path_;
  FolderLock lock_;
};

// Local time as YYYYMMDD-HHMMSS.
std::string run_stamp(std::time_t now);

// Makes `path` and its parents; kNotWritten.
Status make_folders(const std::string& path);

}  // namespace soliton
