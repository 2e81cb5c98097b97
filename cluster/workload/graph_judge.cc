#include "cluster/workload/graph_judge.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <limits>
#include <span>

#include "cluster/results/sha256.h"
#include "cluster/workload/answer_errors.h"
#include "cluster/workload/row_lengths.h"
#include "partition/ir/array_bytes.h"
#include "partition/ir/evaluate.h"
#include "protocol/base/rng.h"

namespace soliton {
namespace {

constexpr auto kAskEvery = std::chrono::milliseconds(10);

std::vector<ir::Array> unpacked(const std::vector<std::byte>& bytes) {
  Payload payload;
  payload.bytes = bytes;
  return ir::arrays_of(payload).value_or(std::vector<ir::Array>());
}

// The elements of all outputs of an answer, as bytes: what is hashed.
std::string elements_of(const std::vector<ir::Array>& answer) {
  std::string out;
  for (const ir::Array& output : answer) {
    const auto raw = output.raw();
    out.append(reinterpret_cast<const char*>(raw.data()), raw.size());
  }
  return out;
}

std::vector<double> numbers(const ir::Array& array) {
  const ir::Array wide = ir::converted(array, ir::ElementType::kFloat64);
  return {wide.as<double>().begin(), wide.as<double>().end()};
}

// Row `number` of a golden file, as far as the answer goes.
std::vector<float> golden_of(const NpyArray& file, std::size_t number, const ir::Array& answer) {
  std::vector<float> row = file.float_row(static_cast<std::int64_t>(number));
  if (static_cast<std::int64_t>(row.size()) == answer.elements() || file.shape.empty()) return row;
  ir::Shape shape(file.shape.begin() + 1, file.shape.end());
  const ir::Array cut =
      cut_to_answer(ir::Array::of(std::move(shape), std::move(row)), answer.shape());
  return {cut.as<float>().begin(), cut.as<float>().end()};
}

// An answer of another size than its golden is infinitely far from it.
void add_errors(const ir::Array& answer, const std::vector<float>& golden, AnswerErrors& errors) {
  const std::vector<double> output = numbers(answer);
  errors.add(std::span<const double>(output), std::span(golden));
  if (output.size() != golden.size()) errors.absolute = errors.relative = AnswerErrors::kInfinite;
}

// The class of each vector of an answer: the position of its largest element. An answer of integers
// is the classes themselves.
std::vector<std::int64_t> classes_of(const ir::Array& answer) {
  const std::vector<double> values = numbers(answer);
  std::vector<std::int64_t> out;
  if (!ir::is_real(answer.type())) {
    for (const double value : values) out.push_back(static_cast<std::int64_t>(value));
    return out;
  }
  const std::size_t width =
      answer.rank() == 0 ? 1 : static_cast<std::size_t>(answer.shape().back());
  for (std::size_t first = 0; width > 0 && first + width <= values.size(); first += width) {
    const auto vector = std::span(values).subspan(first, width);
    const bool numbers_only = std::ranges::none_of(vector, [](double v) { return std::isnan(v); });
    out.push_back(numbers_only ? std::ranges::max_element(vector) - vector.begin() : -1);
  }
  return out;
}

// Stands where a request has no answer: no numbers, or zeros of a type that has only numbers.
ir::Array no_answer(ir::ElementType type, const ir::Shape& shape) {
  const auto elements = static_cast<std::size_t>(ir::Array::unknown(type, shape).elements());
  if (ir::is_real(type))
    return ir::converted(
        ir::Array::of(shape, std::vector<float>(elements, std::numeric_limits<float>::quiet_NaN())),
        type);
  return ir::with_type(type, [&](auto tag) {
    return ir::Array::of(shape, std::vector<typename decltype(tag)::type>(elements));
  });
}

std::size_t row_number(const GraphWorkload& workload, RequestId request) {
  return index(request) % std::max<std::size_t>(workload.rows(), 1);
}

// Right answers over all vectors with a label, and by vector.
struct Accuracy {
  std::int64_t right = 0, of = 0;
  std::vector<std::pair<std::int64_t, std::int64_t>> steps;

  void add(const std::vector<std::int64_t>& classes, const std::vector<std::int64_t>& labels) {
    steps.resize(std::max(steps.size(), labels.size()));
    for (std::size_t i = 0; i < std::min(labels.size(), classes.size()); ++i) {
      const bool is_right = classes[i] == labels[i];
      right += is_right;
      ++of;
      steps[i].first += is_right;
      ++steps[i].second;
    }
  }
  std::optional<double> value() const {
    return of == 0 ? std::nullopt
                   : std::optional(static_cast<double>(right) / static_cast<double>(of));
  }
};

}  // namespace

GraphReference::GraphReference(const ir::Graph& graph, const SplitReference* split,
                               const GraphInputs& inputs, std::uint32_t requests,
                               std::uint32_t functional_every)
    : graph_(graph),
      split_(split),
      inputs_(inputs),
      requests_(requests),
      every_(functional_every),
      by_row_(graph.states.empty() && !inputs.given.empty()),
      wanted_(requests) {
  for (const ir::State& state : graph.states) graph_.outputs.push_back(state.output);
  if (by_row_) requests_ = std::min(requests_, static_cast<std::uint32_t>(inputs.given.size()));
  answers_.resize(requests_);
  if (every_ != 0) thread_ = std::thread([this] { run(); });
}

GraphReference::~GraphReference() {
  wanted_ = 0;
  given_up_ = true;
  if (thread_.joinable()) thread_.join();
}

// The graph returns its answers, then its states.
std::vector<std::byte> GraphReference::answer_of(std::uint32_t request,
                                                 std::vector<ir::Array>& states) const {
  std::vector<ir::Array> inputs = inputs_.request(request);
  for (std::size_t s = 0; s < states.size(); ++s)
    for (std::size_t k = 0; k < inputs.size(); ++k)
      if (graph_.inputs[k].value == graph_.states[s].input) inputs[k] = states[s];
  const Result<ir::Outputs> outputs =
      ir::evaluate(graph_, inputs, [this](std::size_t, const ir::Call&, const ir::Outputs&) {
        return !given_up_.load(std::memory_order_relaxed);
      });
  // A request that cannot run has no answer; the part that should run it says why.
  if (!outputs) return {};
  const std::size_t answers = outputs->size() - states.size();
  for (std::size_t s = 0; s < states.size(); ++s) states[s] = (*outputs)[answers + s];
  Payload packed;
  for (std::size_t k = 0; k < answers; ++k) ir::append_array((*outputs)[k], packed);
  return std::move(packed.bytes);
}

// Rows may come again in any request, so each is answered; else only what is functional is.
void GraphReference::run() {
  if (split_ == nullptr) return run_graph();
  const bool all = by_row_ || !graph_.states.empty();
  answer_split(*split_, inputs_, requests_, all ? 1 : every_, given_up_,
               [this](std::uint32_t request, std::vector<std::byte> answer) {
                 return answered(request, std::move(answer));
               });
  const std::lock_guard lock(mutex_);
  done_ = requests_;
  changed_.notify_all();
}

bool GraphReference::answered(std::uint32_t request, std::vector<std::byte> answer) {
  answers_[request] = std::move(answer);
  const std::lock_guard lock(mutex_);
  done_ = request + 1;
  changed_.notify_all();
  return done_ < wanted_;
}

void GraphReference::run_graph() {
  std::vector<ir::Array> states;
  for (const ir::State& state : graph_.states) states.push_back(state.initial);
  for (std::uint32_t request = 0; request < requests_; ++request) {
    const bool needed = by_row_ || !graph_.states.empty() || request % every_ == 0;
    if (request >= wanted_) break;
    std::vector<std::byte> answer;
    if (needed) answer = answer_of(request, states);
    if (given_up_) break;
    answered(request, std::move(answer));
  }
}

void GraphReference::finish(const std::vector<std::uint32_t>& answered,
                            const std::function<bool()>& stop) {
  if (!thread_.joinable()) return;
  std::uint32_t needed = 0;
  for (const std::uint32_t request : answered)
    needed = std::max(needed, by_row_ ? requests_ : std::min(request + 1, requests_));
  wanted_ = needed;
  std::unique_lock lock(mutex_);
  given_up_ = done_ >= needed;
  while (done_ < needed) {
    changed_.wait_for(lock, kAskEvery);
    if (done_ >= needed || !stop) continue;
    lock.unlock();
    const bool stopped = stop();
    lock.lock();
    if (!stopped) continue;
    wanted_ = 0;
    given_up_ = true;
    break;
  }
  lock.unlock();
  thread_.join();
}

const std::vector<std::byte>& GraphReference::answer(std::uint32_t request) const {
  static const std::vector<std::byte> none;
  const std::size_t at = by_row_ ? request % inputs_.given.size() : request;
  return at < answers_.size() ? answers_[at] : none;
}

RequestRecord graph_row(const GraphWorkload& workload, const HostRecord& record) {
  RequestRecord row = times_of(record);
  const std::vector<ir::Array> answer = unpacked(record.arrays);
  if (!answer.empty()) row.output_hash = hash_bytes(elements_of(answer));
  const std::size_t number = row_number(workload, record.request);
  if (number >= workload.labels.size()) return row;
  row.label = workload.labels[number].back();
  if (answer.empty()) return row;
  const std::vector<std::int64_t> classes = classes_of(lane_of(answer.front(), 0, workload.lanes));
  const std::size_t last = workload.labels[number].size() - 1;
  row.predicted_class = last < classes.size() ? classes[last] : -1;
  return row;
}

std::vector<std::pair<std::string, NpyArray>> graph_outputs(const GraphWorkload& workload,
                                                            const ir::Graph& graph,
                                                            const std::vector<HostRecord>& records,
                                                            std::int64_t requests) {
  std::vector<std::vector<ir::Array>> rows(graph.outputs.size());
  for (const HostRecord& record : records) {
    const std::vector<ir::Array> answer = unpacked(record.arrays);
    for (std::size_t k = 0; k < answer.size() && std::int64_t{index(record.request)} < requests;
         ++k) {
      rows[k].resize(static_cast<std::size_t>(requests));
      rows[k][index(record.request)] = lane_of(answer[k], k, workload.lanes);
    }
  }
  std::vector<std::pair<std::string, NpyArray>> out;
  for (std::size_t k = 0; k < rows.size(); ++k) {
    const auto first = std::ranges::find_if(rows[k], &ir::Array::present);
    if (first == rows[k].end()) continue;
    const ir::Shape shape = covering_shape(rows[k]);
    if (shape.size() != first->rank()) continue;
    const ir::Array none = no_answer(first->type(), shape);
    for (ir::Array& row : rows[k]) row = row.present() ? padded_to(row, shape) : none;
    if (std::optional<NpyArray> array = npy_of_rows(rows[k]))
      out.emplace_back(graph.name_of(graph.outputs[k]), std::move(*array));
  }
  return out;
}

void judge_graph(const GraphWorkload& workload, std::vector<HostRecord> records,
                 const GraphReference* reference, RunResults& results) {
  std::ranges::sort(records, {}, [](const HostRecord& record) { return index(record.request); });
  Sha256 digest;
  AnswerErrors errors;
  Accuracy accuracy, accuracy_fp32;
  bool any = false;
  results.requests.reserve(results.requests.size() + records.size());
  for (const HostRecord& record : records) {
    RequestRecord row = graph_row(workload, record);
    const std::size_t number = row_number(workload, record.request);
    if (!record.arrays.empty()) {
      any = true;
      const std::vector<ir::Array> answer = unpacked(record.arrays);
      digest.update(elements_of(answer));
      if (reference != nullptr && !reference->answer(index(record.request)).empty()) {
        row.matches = record.arrays == reference->answer(index(record.request));
        ++results.outputs.checked;
        results.outputs.mismatched += !*row.matches;
      }
      for (std::size_t k = 0; k < workload.goldens.size(); ++k)
        if (!workload.goldens[k].empty()) {
          const ir::Array lane = lane_of(answer[k], k, workload.lanes);
          add_errors(lane, golden_of(workload.goldens[k].front(), number, lane), errors);
        }
      if (number < workload.labels.size()) {
        const ir::Array first = lane_of(answer.front(), 0, workload.lanes);
        accuracy.add(classes_of(first), workload.labels[number]);
        if (!workload.goldens.empty() && !workload.goldens.front().empty()) {
          std::vector<float> golden = golden_of(workload.goldens.front().front(), number, first);
          golden.resize(static_cast<std::size_t>(first.elements()));
          accuracy_fp32.add(classes_of(ir::Array::of(first.shape(), std::move(golden))),
                            workload.labels[number]);
        }
      }
    }
    results.requests.push_back(row);
  }
  if (any) results.outputs.sha256 = digest.hex();
  if (errors.any) {
    results.outputs.max_abs_error = errors.absolute;
    results.outputs.max_rel_error = errors.relative;
  }
  results.outputs.known = any;
  results.outputs.accuracy = accuracy.value();
  if (accuracy.steps.size() > 1) {
    std::vector<double>& steps = results.outputs.accuracy_per_step.emplace();
    for (const auto& [right, of] : accuracy.steps)
      steps.push_back(of == 0 ? 0 : static_cast<double>(right) / static_cast<double>(of));
  }
  results.outputs.accuracy_fp32 = accuracy_fp32.value();
}

}  // namespace soliton
