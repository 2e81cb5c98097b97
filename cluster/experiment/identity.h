// What a point of a sweep was made from, so that it is kept as long as it would come out the same,
// and no longer.
//
// That is the build of the programs, the cluster after all overrides with its defaults written out,
// and the content of every file that was opened for it. Which files those are is known in two
// steps: reading the cluster file names its devices, topologies and the rest, without cost, every
// time; the model's and the workload's are learned when the point runs, and are listed in its
// record. Paths count for nothing: a project that was moved keeps its points.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "cluster/file/spec.h"

namespace soliton {

// SHA-256 of files, each read once as long as it does not change.
class FileDigests {
 public:
  // Unset when the file cannot be read or is not the one that was noted any more: then nobody knows
  // what was read.
  std::optional<std::string> of(const FilesRead::File& file);

 private:
  struct Known {
    FileStamp stamp;
    std::string digest;
  };
  std::map<std::string, Known> known_;
};

// As 64 hexadecimal digits: `build`, the resolved cluster with its model and its data files by
// their content, and the files that reading it opened. Unset when one of them cannot be read or has
// changed since, or the build is not known ("").
std::optional<std::string> cluster_identity(const ClusterSpec& spec, const std::string& build,
                                            FileDigests& digests);

// A file that was opened when the point ran.
struct RecordedFile {
  std::string path;  // seen from the folder of the cluster file
  std::string sha256;
};

// The file `fingerprint` of a point.
struct PointRecord {
  std::string cluster;  // cluster_identity()
  std::vector<RecordedFile> files;
  std::string results;  // SHA-256 of results.json
};
std::string record_text(const PointRecord& record);
// Unset: not one of this version.
std::optional<PointRecord> parse_record(const std::string& text);

// `files` without those that reading the cluster opens again anyway. Unset as above.
std::optional<std::vector<RecordedFile>> record_files(const ClusterSpec& spec,
                                                      const FilesRead& files, FileDigests& digests);
// Whether they all are as they were.
bool unchanged(const ClusterSpec& spec, const std::vector<RecordedFile>& files,
               FileDigests& digests);

}  // namespace soliton
