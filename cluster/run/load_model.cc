#include "cluster/run/load_model.h"

#include <fmt/format.h>

#include <map>
#include <utility>

#include "cluster/run/run.h"
#include "partition/ir/build_rnn.h"
#include "partition/onnx/import_onnx.h"
#include "protocol/base/located.h"

namespace soliton {
namespace {

class Loading {
 public:
  Loading(PreparedRun& run, bool weights, GraphRun& out)
      : run_(run), spec_(run.spec), weights_(weights), graph_run_(out) {}

  Diagnostics run() {
    if (spec_.model.rnn ? build() : import()) load();
    return std::move(problems_);
  }

 private:
  void add(const std::string& position, std::string message, ErrorCode code = ErrorCode::kInvalid) {
    problems_.add(code, located(position, std::move(message)));
  }

  bool import() {
    Checked<std::map<std::string, ir::Array>> given =
        given_inputs(spec_.model, run_.spec.files_read);
    if (!given) return problems_.append(std::move(given.error())), false;
    Checked<ImportedModel> model = import_onnx(spec_.model.onnx, {std::move(*given), {}});
    if (!model) {
      for (Error& error : model.error().errors)
        add(spec_.model.position, "model.onnx: " + error.message, error.code);
      return false;
    }
    run_.spec.files_read.add(model->files);
    graph_run_.name = std::move(model->name);
    graph_run_.graph = std::move(model->graph);
    return true;
  }

  // Synthetic weights are always good, so a mere check needs none.
  bool build() {
    RnnOptions rnn = *spec_.model.rnn;
    rnn.seed = spec_.seed;
    rnn.with_weights = spec_.compute != ComputeKind::kTiming && weights_;
    if (const std::int64_t weights = rnn_weights(rnn); weights > kMaxWeights) {
      add(spec_.model.position,
          fmt::format("model.rnn: {} weights; at most {}", weights, kMaxWeights));
      return false;
    }
    graph_run_.name = fmt::format("{}-{}", cell_name(rnn.cell), rnn.hidden);
    graph_run_.graph = build_rnn(rnn);
    return true;
  }

  void load() {
    Checked<GraphWorkload> workload = load_graph_workload(spec_, graph_run_.name, graph_run_.graph);
    if (workload) {
      graph_run_.workload = std::move(*workload);
      run_.spec.files_read.add(graph_run_.workload.files);
      return;
    }
    for (Error& error : workload.error().errors)
      add(position_of_data(spec_, error.message), error.message, error.code);
  }

  PreparedRun& run_;
  const ClusterSpec& spec_;
  bool weights_;
  GraphRun& graph_run_;
  Diagnostics problems_;
};

}  // namespace

Diagnostics load_model(PreparedRun& run, bool weights, GraphRun& out) {
  return Loading(run, weights, out).run();
}

std::string position_of_data(const ClusterSpec& spec, const std::string& message) {
  for (const WorkloadSpec::DataFile& file : spec.workload.files)
    if (message.starts_with(file.path))
      return fmt::format("{}: workload.{}", file.position, file.key);
  return message.starts_with(spec.file) ? "" : spec.model.position;
}

}  // namespace soliton
