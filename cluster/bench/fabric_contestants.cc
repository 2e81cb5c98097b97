#include "cluster/bench/fabric_contestants.h"

#include <fmt/format.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <sstream>

#include "cluster/engine/elapsed.h"
#include "cluster/file/yaml_file.h"
#include "cluster/run/deploy.h"
#include "cluster/run/run.h"
#include "cluster/run/traffic.h"

namespace soliton {
namespace {

double in_seconds(const timeval& time) {
  return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) * 1e-6;
}

std::string all_of(int descriptor) {
  std::string out;
  std::array<char, 4096> piece{};
  for (ssize_t got; (got = read(descriptor, piece.data(), piece.size())) > 0;)
    out.append(piece.data(), static_cast<std::size_t>(got));
  return out;
}

std::optional<std::vector<double>> numbers_in(const std::string& text) {
  std::vector<double> out;
  std::istringstream words(text);
  for (double number; words >> number;) out.push_back(number);
  return out.empty() ? std::nullopt : std::optional(std::move(out));
}

bool write_all(int descriptor, const std::string& text) {
  std::size_t done = 0;
  while (done < text.size()) {
    const ssize_t put = write(descriptor, text.data() + done, text.size() - done);
    if (put <= 0) return false;
    done += static_cast<std::size_t>(put);
  }
  return true;
}

bool ended_well(pid_t child) {
  int status = 0;
  return waitpid(child, &status, 0) == child && WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

// Numbers: cpu wall packets emulated_ps queue_bytes peak_mib; none on an error, which is said.
std::vector<double> play(const PreparedRun& run, std::uint32_t threads) {
  ControlLoop loop;
  RunControl control;
  control.loop = &loop;
  control.threads = threads;
  control.time_limit = run.spec.time_limit;
  const auto nodes =
      make_assignments(run.spec, traffic_of(run.spec), run.topology, *run.routes, run.faults);
  const auto started = std::chrono::steady_clock::now();
  const double before = cpu_seconds();
  const ClusterOutcome outcome = run_assignments(run, nodes, control);
  const double cpu = cpu_seconds() - before;
  if (outcome.error) {
    std::fprintf(stderr, "%s\n", outcome.error->message.c_str());
    return {};
  }
  return {cpu,
          seconds_since(started),
          static_cast<double>(outcome.network.packets),
          static_cast<double>((outcome.end - kRunStart).count()),
          static_cast<double>(outcome.network.queue_max.count),
          peak_mib()};
}

}  // namespace

double cpu_seconds() {
  rusage own{}, waited{};
  getrusage(RUSAGE_SELF, &own);
  getrusage(RUSAGE_CHILDREN, &waited);
  return in_seconds(own.ru_utime) + in_seconds(own.ru_stime) + in_seconds(waited.ru_utime) +
         in_seconds(waited.ru_stime);
}

double peak_mib() {
  rusage own{};
  getrusage(RUSAGE_SELF, &own);
  return static_cast<double>(own.ru_maxrss) / 1024;
}

std::vector<std::vector<double>> in_children(const std::function<std::vector<double>()>& work,
                                             std::size_t count) {
  std::vector<std::pair<pid_t, int>> children;  // and what they write to
  std::fflush(nullptr);
  for (std::size_t i = 0; i < count; ++i) {
    int ends[2];
    if (pipe(ends) != 0) break;
    const pid_t child = fork();
    if (child == 0) {
      close(ends[0]);
      std::string text;
      for (const double number : work()) text += fmt::format("{:.17g} ", number);
      const bool written = write_all(ends[1], text);
      _exit(written ? 0 : 1);
    }
    close(ends[1]);
    children.emplace_back(child, ends[0]);
  }
  std::vector<std::vector<double>> out;
  bool well = children.size() == count;
  for (const auto& [child, from] : children) {
    const auto numbers = numbers_in(child > 0 ? all_of(from) : "");
    close(from);
    well = child > 0 && ended_well(child) && numbers && well;
    if (numbers) out.push_back(*numbers);
  }
  return well ? out : std::vector<std::vector<double>>{};
}

std::optional<std::vector<double>> in_child(const std::function<std::vector<double>()>& work) {
  std::vector<std::vector<double>> all = in_children(work, 1);
  return all.empty() ? std::nullopt : std::optional(std::move(all.front()));
}

Result<std::vector<OwnRun>> play_copies(const std::string& yaml, const DataRoot& data,
                                        std::uint32_t threads, std::size_t copies) {
  Checked<YamlFile> file = yaml_of_text(yaml, "bench.yaml");
  const auto invalid = [](std::string text) {
    return tl::unexpected(Error{ErrorCode::kInvalid, std::move(text)});
  };
  if (!file) return invalid(file.error().text());
  const Checked<std::unique_ptr<PreparedRun>> run = prepare(std::move(*file), {}, data);
  if (!run) return invalid(run.error().text());
  std::vector<OwnRun> out;
  for (const std::vector<double>& n : in_children([&] { return play(**run, threads); }, copies)) {
    if (n.size() < 6) break;
    out.push_back({n[0], n[1], static_cast<std::uint64_t>(n[2]),
                   Duration{static_cast<std::int64_t>(n[3])},
                   Bytes{static_cast<std::int64_t>(n[4])}, n[5]});
  }
  if (out.size() == copies) return out;
  return tl::unexpected(Error{ErrorCode::kBroken, "a run of the bench failed:\n" + yaml});
}

Result<OwnRun> play_own(const std::string& yaml, const DataRoot& data, std::uint32_t threads) {
  const Result<std::vector<OwnRun>> runs = play_copies(yaml, data, threads, 1);
  if (!runs) return tl::unexpected(runs.error());
  return runs->front();
}

std::optional<std::vector<double>> run_peer(const std::string& program,
                                            const std::vector<std::string>& arguments,
                                            const std::string& input) {
  if (access(program.c_str(), X_OK) != 0) return std::nullopt;
  int in[2], out[2];
  if (pipe(in) != 0 || pipe(out) != 0) return std::nullopt;
  const pid_t child = fork();
  if (child == 0) {
    dup2(in[0], STDIN_FILENO);
    dup2(out[1], STDOUT_FILENO);
    for (const int end : {in[0], in[1], out[0], out[1]}) close(end);
    std::vector<char*> words{const_cast<char*>(program.c_str())};
    for (const std::string& word : arguments) words.push_back(const_cast<char*>(word.c_str()));
    words.push_back(nullptr);
    execv(program.c_str(), words.data());
    _exit(127);
  }
  close(in[0]);
  close(out[1]);
  // The program reads all of its input before it prints.
  const bool written = child > 0 && write_all(in[1], input);
  close(in[1]);
  const std::string text = all_of(out[0]);
  close(out[0]);
  if (child < 0 || !ended_well(child) || !written) return std::nullopt;
  return numbers_in(text);
}

double median(std::vector<double> values) {
  if (values.empty()) return 0;
  std::ranges::sort(values);
  const std::size_t middle = values.size() / 2;
  return values.size() % 2 == 1 ? values[middle] : (values[middle - 1] + values[middle]) / 2;
}

}  // namespace soliton
