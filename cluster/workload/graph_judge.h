// The check of a graph's answers against the whole graph on one CPU, and against files.
#pragma once

#include <atomic>
#include <condition_variable>
#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "cluster/results/results.h"
#include "cluster/workload/graph_workload.h"
#include "cluster/workload/split_reference.h"
#include "node/deployment/records.h"

namespace soliton {

// Answers the functional requests with the whole graph, in a thread of its own: one after the other
// while the cluster runs. The same arithmetic as a CPU part's, without any cut or network; for what
// FPGAs run, that of one FPGA.
class GraphReference {
 public:
  // `split`: what FPGAs run of the graph; null: nothing. It and the inputs must outlive the object.
  GraphReference(const ir::Graph& graph, const SplitReference* split, const GraphInputs& inputs,
                 std::uint32_t requests, std::uint32_t functional_every);
  ~GraphReference();
  // Call once, after the run, with the requests that were answered: waits until each has an answer.
  // `stop`, which may be empty, is called every few milliseconds; if it returns true this returns
  // with the answers so far.
  void finish(const std::vector<std::uint32_t>& answered, const std::function<bool()>& stop);
  // The packed outputs (partition/ir/array_bytes.h) by request; empty where there is none. REQUIRES:
  // finish() has returned.
  const std::vector<std::byte>& answer(std::uint32_t request) const;

 private:
  void run();
  void run_graph();
  // Whether more answers are wanted.
  bool answered(std::uint32_t request, std::vector<std::byte> answer);
  // Empty: it cannot run, or was given up.
  std::vector<std::byte> answer_of(std::uint32_t request, std::vector<ir::Array>& states) const;

  ir::Graph graph_;  // with its states as further outputs
  const SplitReference* split_;
  const GraphInputs& inputs_;
  std::uint32_t requests_, every_;
  // Requests with the same row of a file have the same answer, if nothing is carried.
  std::vector<std::vector<std::byte>> answers_;  // by request, or by row
  bool by_row_ = false;
  std::mutex mutex_;  // guards `done_`
  std::condition_variable changed_;
  std::uint32_t done_ = 0;             // answers before this one are there
  std::atomic<std::uint32_t> wanted_;  // no answer from here on is needed
  std::atomic<bool> given_up_{false};  // nor the one that is being made
  std::thread thread_;
};

// A finished request as requests.csv shows it, except for whether it matches the reference.
RequestRecord graph_row(const GraphWorkload& workload, const HostRecord& record);

// The answers of all requests, an array for each output of the graph that has one type and shape in
// all of them. Requests without an answer are zeros.
std::vector<std::pair<std::string, NpyArray>> graph_outputs(const GraphWorkload& workload,
                                                            const ir::Graph& graph,
                                                            const std::vector<HostRecord>& records,
                                                            std::int64_t requests);

// Fills results.requests and results.outputs. `reference` is null if nothing was computed.
void judge_graph(const GraphWorkload& workload, std::vector<HostRecord> records,
                 const GraphReference* reference, RunResults& results);

}  // namespace soliton
