// report.html of one run: one file, no network. It is made of the files of the run's folder and of
// nothing else, so that `soliton report` makes the same page again later, and of an unfinished or
// damaged folder what there is.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "cluster/results/results.h"

namespace soliton {

// The files; "" is one that is not there.
struct RunTexts {
  std::string results;       // results.json
  std::string requests;      // requests.csv
  std::string links_series;  // links_series.csv
  std::string events;        // events.csv
  std::string trace;         // trace.json
  std::string plan;          // plan.json
};

// The network as a picture needs it.
struct NetworkGraph {
  struct Vertex {
    std::string name;
    bool is_switch = false;
    std::size_t level = 0;  // cables to the nearest node
  };
  struct Cable {
    std::uint32_t ends[2] = {};  // vertices
    std::string names[2];        // of its ports in results.json: "NAME -> OTHER"
  };
  std::vector<Vertex> vertices;
  std::vector<Cable> cables;
};

// The files, and what cluster.yaml says.
struct ReportInput {
  RunTexts texts;
  std::string subject;   // the workloads, where there is no model
  std::string topology;  // "rack"
  std::int64_t clients = 1;
  bool computed = true;  // false: compute: timing
  std::optional<NetworkGraph> network;
  std::vector<std::string> missing;  // what could not be read, in sentences
};

struct ReportPage {
  std::string html;
  std::vector<std::string> missing;  // what the page says is missing, in sentences
};
ReportPage report_page(const ReportInput& input);

}  // namespace soliton
