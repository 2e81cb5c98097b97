// A file that gets its name only when it is whole: the old file or the new one, never half.
//
//   Result<Draft> draft = Draft::open(folder, "results.json", shown);
//   Status s = draft->write(text);  s = draft->sync();  s = draft->replace();
//
// It is made without a name (O_TMPFILE), so that a process killed on the way leaves nothing behind.
// Where the file system has no such files, a named one beside the target is used.
#pragma once

#include <string>
#include <string_view>

#include "cluster/results/file_io.h"
#include "protocol/base/result.h"

namespace soliton {

class Draft {
 public:
  // Of a file `name` in the folder with the descriptor `folder`, which outlives the draft. `shown`
  // is the path for messages. Every failure here and below is kNotWritten.
  static Result<Draft> open(int folder, std::string name, std::string shown, mode_t mode = 0666);
  Draft(Draft&& other) noexcept;
  Draft& operator=(Draft&&) = delete;
  // Leaves no trace of what was never named.
  ~Draft();

  int descriptor() const { return file_.get(); }
  Status write(std::string_view content) const;
  // To disk.
  Status sync() const;
  // Gives it its name unless a file has it: then false.
  Result<bool> publish_new();
  // Gives it its name, which a file may have until then.
  Status replace();
  // Says what a file system may only say now (NFS). REQUIRES: named.
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
  std::string part_;  // the name it has while it has not got its own; "": none
};

}  // namespace soliton
