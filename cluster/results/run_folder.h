// The folder of one run (docs/results.md): made, locked, written file by file, never holding
// half a file.
//
//   Result<RunFolder> folder =
//       RunFolder::open({.name = "quickstart", .stamp = run_stamp(std::time(nullptr))});
//   Status s = folder->write("results.json", results_json(results));
//
// It works through the descriptor of the folder that was locked: one that is renamed, swapped or
// replaced by a symbolic link on the way gets everything, its stand-in nothing; one that is removed
// gets kNotWritten.
#pragma once

#include <chrono>
#include <ctime>
#include <string>
#include <string_view>

#include "cluster/results/file_io.h"
#include "cluster/results/folder_lock.h"
#include "cluster/results/growing_file.h"
#include "cluster/results/write_file.h"
#include "protocol/base/result.h"

namespace soliton {

struct RunFolderOptions {
  std::string name;   // of the cluster; characters unfit for a file name become '-'
  std::string stamp;  // "20261122-071204"
  std::string out;    // --out: exactly this folder; "": BASE/NAME-STAMP
  std::string base = "runs";
  std::chrono::milliseconds patience = kLockPatience;
};

class RunFolder {
 public:
  // Makes BASE/NAME-STAMP (with "-2", "-3" … when it is there already), or `out` with its parents.
  // An existing `out` is taken when it is empty or a run folder whose owner is gone; the old run's
  // files are removed. Errors: kInvalid, `out` holds something else; kNotWritten, in use by another
  // run, or it cannot be made.
  static Result<RunFolder> open(const RunFolderOptions& options);

  // As it was given; current_path() is where the folder is now: another one once it was renamed.
  const std::string& path() const { return path_; }
  std::string current_path() const;

  // A whole file "NAME" or "log/NODE.log": the old one or the new one, never half. The lock is
  // checked before it gets its name. kNotWritten.
  Status write(const std::string& name, std::string_view content,
               const WriteOptions& options = {}) const;
  // An empty file, in place of one that is there. kNotWritten.
  Result<GrowingFile> grow(const std::string& name) const;

  // log/NODE.log, to be appended to. kNotWritten; kEnvironment without a descriptor left.
  Result<FileHandle> open_log(const std::string& node) const;
  // Its last lines, each after "\n    "; "" without any. At most 64 KiB are read.
  std::string last_log_lines(const std::string& node, std::size_t lines) const;

  // To be called once a second: keeps the folder. kNotWritten: lost, and to whom.
  Status renew();

 private:
  RunFolder(std::string path, FileHandle folder, FolderLock lock, FileHandle log)
      : path_(std::move(path)),
        folder_(std::move(folder)),
        lock_(std::move(lock)),
        log_(std::move(log)) {}
  FilePlace place_of(const std::string& name) const;
  // A lost folder is the reason why nothing can be written to it.
  tl::unexpected<Error> because(Error error) const;

  std::string path_;
  FileHandle folder_;
  FolderLock lock_;
  FileHandle log_;
};

// Local time as YYYYMMDD-HHMMSS.
std::string run_stamp(std::time_t now);

// Makes `path` and its parents; kNotWritten.
Status make_folders(const std::string& path);

}  // namespace soliton
