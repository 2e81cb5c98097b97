// A file that gets its name only when it is complete, so that readers see the old file or the new
// one, never a part.
//
//   Result<Draft> draft = Draft::open(folder, "results.json", shown);
//   Status s = draft->write(text);  s = draft->sync();  s = draft->replace();
//
// It is created without a name (O_TMPFILE), so that a process killed while writing leaves nothing
// behind. If the file system does not support that, a named file beside the target is used.
#pragma once

#include <string>
#include <string_view>

#include "cluster/results/file_io.h"
#include "protocol/base/result.h"

namespace soliton {

class Draft {
 public:
  // A draft of the file `name` in the folder with the descriptor `folder`, which must outlive the
  // draft. `shown` is the path for messages. Every failure here and below is kNotWritten.
  static Result<Draft> open(int folder, std::string name, std::string shown, mode_t mode = 0666);
  Draft(Draft&& other) noexcept;
  Draft& operator=(Draft&&) = delete;
  // Removes the draft if it was never named.
  ~Draft();

  int descriptor() const { return file_.get(); }
  Status write(std::string_view content) const;
  // Syncs the content to disk.
  Status sync() const;
  // Gives the file its name; false, with no effect, if a file of that name exists.
  Result<bool> publish_new();
  // Gives the file its name, replacing a file of that name.
  Status replace();
  // Closes the file and returns errors that some file systems (NFS) report only then. REQUIRES:
  // named.
  Status close();
  // The open file. REQUIRES: named.
  FileHandle release() { return std::move(file_); }

 private:
  Draft(int folder, std::string name, std::string shown)
      : folder_(folder), name_(std::move(name)), shown_(std::move(shown)) {}
  Status link_part();

  int folder_;
  std::string name_, shown_;
  FileHandle file_;
  std::string part_;  // its temporary name, or ""
};

}  // namespace soliton
