// A model as clients of `soliton serve` see it, and the record of their session as a workload.
#pragma once

#include <string>
#include <vector>

#include "cluster/run/run.h"
#include "cluster/serve/inference_service.h"

namespace soliton {

// What can be served. kInvalid: why the cluster file cannot be.
Result<ServedModel> served_model(const PreparedRun& run);
// Arrays as clients send them, as those of the model, and back: a batch axis that stands for requests is
// not theirs.
InferenceService::Inputs inputs_of(const PreparedRun& run);
InferenceService::Outputs outputs_of(const PreparedRun& run);

struct SessionFile {
  std::string name, content;
};
// The session as files, and `run` with it as its workload, as if these lay in `folder`: playing that again
// gives the same answers at the same instants. REQUIRES: there were requests.
std::vector<SessionFile> record_session(const ServedModel& model, const ServedSession& session,
                                        const std::string& folder, PreparedRun& run);

// `127.0.0.1:8000`. kInvalid.
struct ListenAddress {
  std::string address;
  std::uint16_t port = 0;
  bool is_loopback = false;
};
Result<ListenAddress> parse_listen(const std::string& text);
// The first line of a file that only its owner may read. kInvalid.
Result<std::string> read_token(const std::string& path);

}  // namespace soliton
