#include "cluster/cli/determinism.h"

#include <fcntl.h>
#include <fmt/format.h>

#include <algorithm>
#include <filesystem>

#include "cluster/engine/control_loop.h"
#include "cluster/engine/process.h"
#include "cluster/results/file_io.h"
#include "protocol/json/json.h"

namespace soliton {
namespace {

constexpr int kUsage = 2, kDoesNotFit = 3;  // nothing was run: there is nothing to compare
constexpr int kLookEveryMs = 100;
// More than any trace buffer holds.
constexpr const char* kTraceAll = "trace.requests=1000000";

struct Ended {
  int status = 0;
  std::string log;  // what it said
};

std::string tail_of(const std::string& log) {
  const Result<std::string> text = read_whole_file(log);
  return text ? text->substr(text->size() > 2'000 ? text->size() - 2'000 : 0) : "";
}

class Runner {
 public:
  explicit Runner(const DeterminismOptions& options) : options_(options) {}

  // `soliton run` as a process of its own. An interruption is passed on.
  Result<Ended> run(std::uint64_t seed, const RunVariant& variant, const std::string& folder,
                    const std::vector<std::string>& more) const {
    const std::string log = folder + ".log";
    const Descriptor to(open(log.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666));
    if (!to)
      return tl::unexpected(
          Error{ErrorCode::kNotWritten, fmt::format("{} cannot be written", log)});
    std::vector<std::string> words{"run", options_.file, "--quiet", "--out", folder};
    for (const auto* part : {&options_.options, &more, &variant.options})
      words.insert(words.end(), part->begin(), part->end());
    words.insert(words.end(), {"--seed", std::to_string(seed)});
    Result<ChildProcess> child =
        ChildProcess::start("/proc/self/exe", words, {}, to.get(), own_environment());
    if (!child) return tl::unexpected(child.error());
    std::optional<ProcessEnd> end;
    bool told = false;
    while (!(end = child->wait(kLookEveryMs))) {
      if (told || options_.signal == nullptr || *options_.signal == 0) continue;
      child->signal(*options_.signal);
      told = true;
    }
    return Ended{end->by_signal ? 128 + end->status : end->status, tail_of(log)};
  }

 private:
  const DeterminismOptions& options_;
};

class Verification {
 public:
  explicit Verification(const DeterminismOptions& options) : options_(options), runner_(options) {}

  DeterminismResult all() {
    for (const std::uint64_t seed : options_.seeds) {
      std::size_t first = out_.found.runs.size();
      for (const RunVariant& variant : run_variants()) {
        if (options_.messages && !variant.messages) continue;
        if (!one(seed, variant)) return std::move(out_);
        DeterminismRun& run = out_.found.runs.back();
        if (out_.found.runs.size() > first + 1 && !compare(out_.found.runs[first], run))
          return std::move(out_);
        say(run);
        if (run.same) continue;
        find_event(out_.found.runs[first], run);
        return std::move(out_);
      }
    }
    return std::move(out_);
  }

 private:
  bool fail(int status, std::string text) {
    out_.failure = {status, std::move(text)};
    return false;
  }

  bool interrupted() const { return options_.signal != nullptr && *options_.signal != 0; }

  bool one(std::uint64_t seed, const RunVariant& variant) {
    DeterminismRun run{.seed = seed, .variant = variant.name};
    run.folder = fmt::format("{}/seed-{}-{}", options_.folder, seed, variant.name);
    std::ranges::replace(run.folder.begin() + static_cast<std::ptrdiff_t>(options_.folder.size()),
                         run.folder.end(), ' ', '-');
    const Result<Ended> ended = runner_.run(seed, variant, run.folder, {});
    if (!ended) return fail(exit_status(ended.error().code), ended.error().message);
    if (interrupted()) return fail(signal_status(*options_.signal), "interrupted");
    run.status = ended->status;
    if (run.status == kUsage || run.status == kDoesNotFit) return fail(run.status, ended->log);
    out_.found.runs.push_back(std::move(run));
    return true;
  }

  bool compare(const DeterminismRun& with, DeterminismRun& run) {
    const Result<RunComparison> compared = compare_runs(with.folder, run.folder);
    if (!compared) return fail(exit_status(compared.error().code), compared.error().message);
    run.compared = *compared;
    run.same = run.compared.differences.empty() && run.status == with.status;
    return true;
  }

  void say(const DeterminismRun& run) const {
    if (!options_.say) return;
    options_.say(fmt::format("seed {}, {}: {}", run.seed, run.variant,
                             run.compared.files == 0 ? "run"
                             : run.same              ? "the same bytes"
                                                     : "DIFFERENT"));
  }

  // The two once more, with everything traced: their difference has a cause in what happened first.
  void find_event(const DeterminismRun& with, const DeterminismRun& run) {
    std::vector<std::string> traces;
    for (const DeterminismRun* one : {&with, &run}) {
      const auto variant = std::ranges::find_if(
          run_variants(), [one](const RunVariant& it) { return one->variant == it.name; });
      const std::string folder = one->folder + "-traced";
      const Result<Ended> ended = runner_.run(one->seed, *variant, folder, {"--set", kTraceAll});
      const Result<std::string> trace = read_whole_file(folder + "/trace.json");
      if (!ended || !trace || interrupted()) return;
      traces.push_back(*trace);
    }
    const auto event = first_different_event(traces[0], traces[1]);
    if (event) out_.found.event = *event;
  }

  const DeterminismOptions& options_;
  Runner runner_;
  DeterminismResult out_;
};

Json event_json(const std::optional<TracedEvent>& event) {
  if (!event) return nullptr;
  return {{"at_us", event->at_us},
          {"node", event->who},
          {"kind", event->kind},
          {"record", event->text}};
}

std::string shown(const std::string& line) {
  constexpr std::size_t kMost = 160;
  return line.size() <= kMost ? line : line.substr(0, kMost) + " …";
}

std::string difference_text(const RunDifference& it) {
  if (it.line == 0) return fmt::format("{} is in one folder only\n", it.file);
  return fmt::format("{}:{}:\n  {}\n  {}\n", it.file, it.line, shown(it.one), shown(it.other));
}

}  // namespace

const std::vector<RunVariant>& run_variants() {
  static const std::vector<RunVariant> kVariants = {
      {"per node", {"--processes", "per-node"}},
      {"packed", {"--processes", "packed"}, true},
      {"packed again", {"--processes", "packed"}, true},
      {"2 threads", {"--processes", "packed", "--threads", "2"}},
      {"4 threads", {"--processes", "packed", "--threads", "4"}},
  };
  return kVariants;
}

const DeterminismRun* Determinism::different() const {
  const auto found = std::ranges::find(runs, false, &DeterminismRun::same);
  return found == runs.end() ? nullptr : &*found;
}

DeterminismResult verify_determinism(const DeterminismOptions& options) {
  return Verification(options).all();
}

std::string determinism_text(const Determinism& found, const std::string& file) {
  std::size_t files = 0;
  for (const DeterminismRun& run : found.runs) files += run.compared.files;
  const DeterminismRun* const bad = found.different();
  if (bad == nullptr)
    return fmt::format("{}: the same bytes in {} runs, {} files compared\n", file,
                       found.runs.size(), files);
  const auto first = std::ranges::find(found.runs, bad->seed, &DeterminismRun::seed);
  std::string out =
      fmt::format("{}: seed {}: {} and {} differ\n", file, bad->seed, first->variant, bad->variant);
  if (first->status != bad->status)
    out += fmt::format("status {} and {}\n", first->status, bad->status);
  for (const RunDifference& it : bad->compared.differences) out += difference_text(it);
  if (!found.event) return out + "no traced event differs\n";
  const TracedEvent& event = found.event->first();
  out += fmt::format("first event that differs: {} us, {}, {}\n", event.at_us,
                     event.who.empty() ? "network" : event.who, event.kind);
  for (const auto& one : {found.event->one, found.event->other})
    out += fmt::format("  {}\n", one ? shown(one->text) : "nothing more");
  return out;
}

std::string determinism_json(const Determinism& found, const std::string& file) {
  Json runs = Json::array();
  for (const DeterminismRun& run : found.runs) {
    Json differences = Json::array();
    for (const RunDifference& it : run.compared.differences)
      differences.push_back(
          {{"file", it.file}, {"line", it.line}, {"one", it.one}, {"other", it.other}});
    runs.push_back({{"seed", run.seed},
                    {"variant", run.variant},
                    {"status", run.status},
                    {"files", run.compared.files},
                    {"same", run.same},
                    {"differences", std::move(differences)}});
  }
  Json out{{"file", file}, {"same", found.different() == nullptr}, {"runs", std::move(runs)}};
  out["first_event"] = nullptr;
  if (found.event)
    out["first_event"] = {{"one", event_json(found.event->one)},
                          {"other", event_json(found.event->other)}};
  return json_text(out, JsonLayout::kIndented) + "\n";
}

}  // namespace soliton
