// What `check` accepts, its schema never refuses. What `check` refuses although the schema accepts it
// has one of the reasons below, and each reason has a file that shows it.
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <regex>
#include <sstream>

#include "cluster/experiment/experiment.h"
#include "cluster/file/yaml_file.h"
#include "protocol/base/located.h"
#include "protocol/base/rng.h"
#include "tests/unit/schemas/validator.h"

namespace soliton {
namespace {

// One thing that a schema does not say.
struct Reason {
  // The whole message: a regular expression in which KEY stands for a path of keys, Q for a text in
  // quotes, and HINT for names that are near or allowed.
  const char* message;
  // A mistake with this message: a shipped file in which `from` became `to`.
  const char* file;
  const char* from;
  const char* to;
};

constexpr std::size_t kMutants = 240;

constexpr const char* kQuickstart = "configs/quickstart.yaml";
constexpr const char* kPing = "configs/ltl/ping-rack.yaml";
constexpr const char* kLoss = "configs/faults/loss.yaml";
constexpr const char* kSweep = "configs/experiments/strong-scaling.yaml";
constexpr const char* kClients = "configs/experiments/clients-per-device.yaml";
constexpr const char* kRate = "configs/experiments/highest-rate.yaml";
constexpr const char* kDevice = "configs/devices/bw-s10-product.yaml";

constexpr Reason kReasons[] = {
    // Sizes of quantities. Numbers and words that YAML knows and these files do not.
    {"KEY: .+ is not between .+ and .+", "topologies/rack.yaml", "bandwidth: 40 Gb/s",
     "bandwidth: 40 b/s"},
    {"KEY: Q is not a whole number( between 0 and \\d+)?", kQuickstart, "requests: 1200",
     "requests: 12.0"},

    // What only one of several kinds needs, or does not have.
    {"KEY is missing", kDevice, "tile_engines: 6", ""},
    {"KEY has no meaning for a device of kind npu", kDevice, "lanes: 40",
     "lanes: 40\noperator_overhead: 1 us"},
    {"KEY has no meaning for a device of kind cpu", kDevice, "kind: npu", "kind: cpu"},
    {"KEY has no meaning for a topology of kind [a-z]+", "topologies/rack.yaml",
     "bandwidth: 40 Gb/s", "bandwidth: 40 Gb/s\nspines: 2"},
    {"KEY has no meaning with kind: [a-z-]+", kPing, "kind: ping", "kind: ping, schedule: ring"},
    {"KEY has no meaning for a fault of kind [a-z-]+", kLoss, "max_burst: 3",
     "max_burst: 3\n    jitter: 1 us"},
    {"KEY has no meaning for a format that is defined elsewhere; give it an element", kDevice,
     "{name: ms-fp8, ", "{name: ms-fp8, block: 16, "},

    // A key that means one thing or another by the kind of topology, which a schema leaves open.
    {"unknown key Q in topology.switches.+", "configs/topologies/shared-buffer.yaml",
     "name: replies", "names: replies"},

    // Relations between keys.
    {"expect.fired: there are no faults", kQuickstart, "seed: 7", "expect: {fired: true}\nseed: 7"},
    {"faults.\\d+.: names no link; add link or where", kLoss,
     "where: {links: {from: fpga3, to: tor0}, direction: tx}", ""},
    {"faults.\\d+.: needs (only )?one of [a-z_, -]+ .or kind.", kLoss, "fpga0-tor0, loss: 1 %",
     "fpga0-tor0"},
    {"faults.\\d+..when.to: .+ is not after from, .+", kLoss, "to: 2 ms", "to: 500 us"},
    {"KEY: .+ is not within the run, which ends at .+ .limits.time.", kLoss, "from: 1 ms, to: 2 ms",
     "from: 1 d"},
    {"KEY: Q is used twice: here and at .+", kPing, "name: fpga1", "name: fpga0"},
    {"KEY: Q is listed twice", kDevice, "name: ms-fp9, beats", "name: ms-fp8, beats"},
    {"partition.max_nodes: \\d+ is below min_nodes, \\d+", kQuickstart, "seed: 7",
     "partition: {min_nodes: 3, max_nodes: 2}\nseed: 7"},
    {"KEY: .+ is below kmin, .+", "configs/ltl/incast-16-pfc.yaml", "kmax: 30 kB", "kmax: 1 B"},
    {"partition: min_nodes is \\d+, but \\d+ of the nodes have an NPU", kQuickstart, "seed: 7",
     "partition: {min_nodes: 5}\nseed: 7"},
    {"service.spares: \\d+ of \\d+ nodes with an NPU leave none to work", kQuickstart, "seed: 7",
     "service: {spares: 4}\nseed: 7"},
    {"expect.fired: there are no faults", kQuickstart, "seed: 7", "seed: 7\nexpect: {fired: true}"},
    {"nodes: no node has an NPU; add one with a device such as bw-s10, or .+", kQuickstart,
     "- {name: \"fpga[0-3]\", device: bw-pocket, at: rack0}", ""},
    {"nodes: no host: clients run on a node with device cpu; add .name: host0, device: cpu.",
     kQuickstart, "- {name: host0, device: cpu, at: rack0}", ""},
    {"Q is a second host, beside Q: .+", kQuickstart, "device: bw-pocket", "device: cpu"},
    {"workload.(lengths|labels|golden): belongs to an input file, but the input is random",
     kQuickstart, "models/language-gru/tokens.npy", "random"},
    {"workload.rate: belongs to arrival: poisson; .+", kQuickstart, "clients: 1 ",
     "rate: 1 k/s\n  clients: 1 "},
    {"workload.arrival: poisson needs workload.rate, requests a second: rate: 20 k/s", kQuickstart,
     "clients: 1 ", "arrival: poisson\n  clients: 1 "},
    {"workload.to: [a-z0-9]+ would send to itself", kPing, "to: fpga1", "to: fpga0"},
    {"KEY: \\d+ is not above that of the point before, \\d+", kSweep, "{x: 2, set", "{x: 1, set"},

    // Names that a file, or the file system, gives.
    {"no device called QHINT .soliton list devices.", kQuickstart, "device: bw-pocket",
     "device: bw-s1"},
    {"no topology called QHINT .soliton list topologies.", kQuickstart, "topology: rack",
     "topology: rak"},
    {"KEY: unknown number format Q.*", kQuickstart, "precision: ms-fp9", "precision: ms-fp7"},
    {"KEY: no node called QHINT", kPing, "to: fpga1", "to: fpga2"},
    {"(KEY: )?no (file|folder) Q(; did you mean Q.)?", kQuickstart, "tuned-ms-fp9.onnx",
     "tuned-ms-fp7.onnx"},
    {"KEY: Q is not a file", kQuickstart, "models/language-gru/tokens.npy", "models"},

    // Forms of texts that stand for several things.
    {"(KEY: )?Q is not a name: .+", kQuickstart, "name: host0", "name: host 0"},
    {"(KEY: )?Q: \\[.*\\] is not a range; write \\[0-3\\]", kQuickstart, "fpga[0-3]", "fpga[03]"},
    {"(KEY: )?Q: brackets do not pair", kPing, "from: fpga0", "from: \"fpga[0\""},
    {"KEY: Q is not a name, range .fpga.0-3.. or glob .fpga\\*.", kLoss, "link: fpga0-tor0",
     "link: \"fpga0 tor0\""},
    {"KEY: Q is not a place; places look like rack0 or pod3/rack17", kQuickstart, "cpu, at: rack0",
     "cpu, at: rack 0"},

    // What points of an experiment set is not part of its schema.
    {"KEY: must be a map of paths to values: .+", kSweep,
     "set: {\"nodes[0].device\": bw-a10, model.rnn.hidden: 1024, model.rnn.layers: 1}",
     "set: bw-a10"},
    {"in a point: .+", kSweep, "partition.min_nodes: 8", "partition.mni_nodes: 8"},
    {".+: must be one value; name the path to each", kSweep, "partition.min_nodes: 8",
     "partition.min_nodes: [8]"},

    // Axes of an experiment, whose keys and values are those of the cluster file and of results.
    {"(set|grid): unknown key Q.*", kClients, "workload.clients: [", "workload.clint: ["},
    {"grid.KEY: must be a list of values", kClients, "workload.requests: [400]",
     "workload.requests: 400"},
    {"columns: must be a list of keys of results.json: .+", kClients,
     "[latency_us.mean, latency_us.p99, breakdown_us.queue, throughput_rps]", "7"},
    {"columns: results have no Q.*", kClients, "latency_us.mean,", "latency_us.men,"},
    {"baseline.x: Q is no value of .+", kClients, "{x: 1}", "{x: 5}"},
    {"seeds: Q is not a number of seeds from .+", kRate, "seeds: 2", "seeds: x"},
    {"find.subject_to: .+", kRate, "p99 < 300 us", "p99 300 us"},
    {"find.(max|min): (unknown key Q in .+|.+ has no numbers to search among)", kRate,
     "max: workload.rate", "max: workload.rte"},
};

std::string expanded(std::string message) {
  const std::pair<std::string, std::string> kParts[] = {
      {"KEY", "[a-z_0-9.\\[\\]]+"},
      {"HINT", "(; did you mean \"[^\"]*\"\\?|; allowed: .*)?"},
      {"Q", "\"[^\"]*\""}};
  for (const auto& [word, meaning] : kParts)
    for (std::size_t at = message.find(word); at != std::string::npos;
         at = message.find(word, at + meaning.size()))
      message.replace(at, word.size(), meaning);
  return message;
}

// The reasons of a message, by number: one, if the list is right.
std::vector<std::size_t> reasons_of(const std::string& message) {
  static const std::vector<std::regex> patterns = [] {
    std::vector<std::regex> out;
    for (const Reason& reason : kReasons) out.emplace_back(expanded(reason.message));
    return out;
  }();
  std::vector<std::size_t> out;
  for (std::size_t i = 0; i < patterns.size(); ++i)
    if (std::regex_match(message, patterns[i])) out.push_back(i);
  return out;
}

// A file with one thing changed that people change, or get wrong.
class Mutator {
 public:
  explicit Mutator(std::uint64_t seed) : random_(seed, "mutants") {}

  std::string mutant(const std::string& text) {
    std::vector<std::string> lines;
    std::istringstream stream(text);
    for (std::string line; std::getline(stream, line);) lines.push_back(line);
    for (int tries = 0; tries < 20; ++tries) {
      std::string& line = lines[below(lines.size())];
      if (line.empty() || line.starts_with('#')) continue;
      change(line);
      break;
    }
    std::string out;
    for (const std::string& line : lines) out += line + "\n";
    return out;
  }

 private:
  std::size_t below(std::size_t bound) { return random_.below(ordinal_++, bound); }

  // Values of every kind, good and bad.
  std::string value() {
    static const std::vector<std::string> kValues = {
        "0",      "1",     "-1",      "7",      "4096",     "99999999999", "1.5",
        "0x10",   "\"8\"", "x",       "true",   "\"true\"", "off",         "auto",
        "null",   "~",     "''",      "[1, 2]", "{}",       "1 us",        "2 s",
        "64 B",   "10 GB", "40 Gb/s", "5 %",    "200 MHz",  "rack",        "cpu",
        "bw-s10", "int8",  "closed",  "20 k/s", "loss",     "{mtu: 64 B}"};
    return kValues[below(kValues.size())];
  }

  void change(std::string& line) {
    const std::size_t colon = line.find(": ");
    switch (below(5)) {
      case 0:
        line.clear();
        break;
      case 1:  // a letter less
        if (line.size() > 3) line.erase(below(line.size()), 1);
        break;
      case 2:  // a key misspelled
        if (colon != std::string::npos && colon > 0) line.insert(colon, "s");
        break;
      default:  // another value, at the first key of the line or at the last
        if (colon != std::string::npos) {
          const std::size_t at = below(2) == 0 ? colon : line.rfind(": ");
          const std::size_t end = std::min(line.find_first_of(",}", at), line.size());
          line.replace(at + 2, end - at - 2, value());
        }
    }
  }

  Random random_;
  std::uint64_t ordinal_ = 0;
};

// Errors of the points, which are read one by one, begin with "in a point: ".
std::vector<std::string> problems_of_points(const Experiment& experiment) {
  std::vector<std::string> out;
  for (const ExperimentSeries& series : experiment.series)
    for (const ExperimentPoint& point : series.points) {
      const Checked<ClusterSpec> spec = read_cluster(experiment.cluster, point.overrides, kData);
      if (spec) continue;
      for (const Error& error : spec.error().errors) out.push_back("in a point: " + error.message);
    }
  return out;
}

std::vector<std::string> texts(const Diagnostics& problems) {
  std::vector<std::string> out;
  for (const Error& error : problems.errors) out.emplace_back(split_located(error.message).text);
  return out;
}

// What `check` says of a file, without places; `like` is where it would stand.
std::vector<std::string> problems_of(const std::string& text, const std::string& kind,
                                     const std::string& like) {
  Checked<YamlFile> yaml = yaml_of_text(text, like);
  if (!yaml) return texts(yaml.error());
  const auto errors = [](const auto& read) {
    return read ? std::vector<std::string>{} : texts(read.error());
  };
  if (kind == "device") return errors(read_device(*yaml, kData));
  if (kind == "topology") return errors(read_topology_file(*yaml));
  if (kind == "cluster") return texts(read_cluster_parts(std::move(*yaml), {}, kData).problems);
  const Checked<Experiment> experiment = read_experiment(*yaml);
  return experiment ? problems_of_points(*experiment) : errors(experiment);
}

class Mutants : public Validator {
 protected:
  struct Verdict {
    std::string text;
    std::vector<std::string> problems;  // of `check`
    std::vector<std::string> errors;    // of the schema
  };

  void add(const std::string& like, const std::string& text) {
    const std::string kind = kind_of_file(like);
    const std::string file = (folder_ / fmt::format("{:04}.yaml", jobs_.size())).string();
    write_text(file, text);
    jobs_.push_back({kind, file});
    verdicts_.push_back({text, problems_of(text, kind, like), {}});
  }

  // In the order in which they were added.
  std::vector<Verdict> judge() {
    const auto found = validate(jobs_);
    for (std::size_t i = 0; i < jobs_.size(); ++i) verdicts_[i].errors = found.at(jobs_[i].file);
    return verdicts_;
  }

 private:
  std::vector<Job> jobs_;
  std::vector<Verdict> verdicts_;
};

// A reason that its own file does not show any more is stale: a schema says it now, or its message
// has changed.
TEST_F(Mutants, EachReasonIsShownByItsFile) {
  for (const Reason& reason : kReasons) {
    const std::string like = fmt::format("{}/{}", SOLITON_SOURCE_DIR, reason.file);
    std::string text = file_text(like);
    const std::size_t at = text.find(reason.from);
    ASSERT_NE(at, std::string::npos) << reason.file << " has no " << reason.from;
    add(like, text.replace(at, std::string(reason.from).size(), reason.to));
  }
  const std::vector<Verdict> verdicts = judge();
  for (std::size_t i = 0; i < verdicts.size(); ++i) {
    EXPECT_THAT(verdicts[i].errors, testing::IsEmpty()) << kReasons[i].message;
    std::vector<std::size_t> shown;
    for (const std::string& problem : verdicts[i].problems)
      for (const std::size_t reason : reasons_of(problem)) shown.push_back(reason);
    EXPECT_THAT(shown, testing::Contains(i))
        << kReasons[i].message << " is not among\n"
        << fmt::format("{}", fmt::join(verdicts[i].problems, "\n"));
  }
}

TEST_F(Mutants, NoneIsRefusedByTheSchemaAloneAndNoneByCheckAloneWithoutAReason) {
  const std::vector<std::string> files = shipped_yaml();
  Mutator mutator(1);
  for (std::size_t i = 0; i < kMutants; ++i) {
    const std::string& like = files[i % files.size()];
    add(like, mutator.mutant(file_text(like)));
  }
  std::size_t good = 0, bad = 0;
  for (const Verdict& verdict : judge()) {
    if (verdict.problems.empty()) {
      ++good;
      EXPECT_THAT(verdict.errors, testing::IsEmpty()) << verdict.text;
    } else if (verdict.errors.empty()) {
      for (const std::string& problem : verdict.problems)
        EXPECT_THAT(reasons_of(problem), testing::SizeIs(1)) << problem;
    } else {
      ++bad;
    }
  }
  EXPECT_GE(good, kMutants / 12);
  EXPECT_GE(bad, kMutants / 6);
}

}  // namespace
}  // namespace soliton
