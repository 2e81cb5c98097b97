// Labels and goldens of a graph's workload.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "cluster/workload/input_files.h"
#include "partition/ir/shown_name.h"
#include "protocol/base/located.h"
#include "protocol/base/suggestion.h"

namespace soliton {
namespace {

class AnswerReader {
 public:
  AnswerReader(const ClusterSpec& spec, const std::string& model, const ir::Graph& graph,
               GraphWorkload& out)
      : spec_(spec), model_(model), graph_(graph), out_(out) {}

  Diagnostics run() {
    if (!spec_.workload.labels.empty()) read_labels(spec_.workload.labels);
    std::vector<std::string> names;
    for (const ir::ValueId id : graph_.outputs) names.push_back(graph_.name_of(id));
    out_.goldens.resize(names.size());
    out_.golden_files.resize(names.size());
    if (!spec_.workload.golden.empty()) read_golden(spec_.workload.golden, 0);
    for (const NamedFile& file : spec_.workload.goldens) {
      const auto at = std::ranges::find(names, file.name);
      if (at == names.end())
        problems_.add(ErrorCode::kInvalid,
                      located(file.position,
                              fmt::format("workload.golden: {} has no output \"{}\"{}", model_,
                                          shown_name(file.name), suggestion(file.name, names))));
      else
        read_golden(file.path, static_cast<std::size_t>(at - names.begin()));
    }
    return std::move(problems_);
  }

 private:
  template <typename... T>
  void refuse(fmt::format_string<T...> format, T&&... arguments) {
    problems_.add(ErrorCode::kInvalid, fmt::format(format, std::forward<T>(arguments)...));
  }

  void read_labels(const std::string& path) {
    out_.files.note(path);
    const Result<NpyArray> labels = read_npy(path);
    if (!labels) return refuse("{}", labels.error().message);
    const auto rows = static_cast<std::int64_t>(out_.rows());
    if (!labels->is_integer() || labels->rows() != rows || labels->row_elements() == 0)
      return refuse("{}: holds {}; {} requests need labels (integers)", path, held(*labels), rows);
    for (std::int64_t row = 0; row < rows; ++row) out_.labels.push_back(labels->integer_row(row));
  }

  void read_golden(const std::string& path, std::size_t output) {
    out_.files.note(path);
    Result<NpyArray> golden = read_npy(path);
    if (!golden) return refuse("{}", golden.error().message);
    const auto rows = static_cast<std::int64_t>(out_.rows());
    if (golden->rows() != rows)
      return refuse("{}: holds {}; there are {} requests", path, held(*golden), rows);
    out_.goldens[output] = {std::move(*golden)};
    out_.golden_files[output] = path;
  }

  const ClusterSpec& spec_;
  const std::string& model_;
  const ir::Graph& graph_;
  GraphWorkload& out_;
  Diagnostics problems_;
};

}  // namespace

Diagnostics read_answers(const ClusterSpec& spec, const std::string& model, const ir::Graph& graph,
                         GraphWorkload& workload) {
  return AnswerReader(spec, model, graph, workload).run();
}

}  // namespace soliton
