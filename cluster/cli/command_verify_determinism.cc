// soliton verify-determinism: whether a cluster leaves the same bytes however it is run.
#include <fmt/format.h>

#include <cstdlib>
#include <filesystem>
#include <memory>

#include "cluster/cli/commands.h"
#include "cluster/cli/determinism.h"
#include "cluster/cli/environment.h"
#include "cluster/cli/output.h"
#include "cluster/engine/control_loop.h"
#include "protocol/base/message.h"

namespace soliton {
namespace {

struct Own {
  std::int64_t seeds = 3;
};

// A folder that goes with the object, unless the user named it.
class RunsFolder {
 public:
  explicit RunsFolder(const std::string& wanted) : path_(wanted), kept_(!wanted.empty()) {
    std::error_code failed;
    if (kept_) {
      std::filesystem::create_directories(path_, failed);
    } else {
      std::string name = std::filesystem::temp_directory_path(failed) / "soliton-verify-XXXXXX";
      path_ = mkdtemp(name.data()) != nullptr ? name : "";
    }
    if (failed) path_.clear();
  }
  ~RunsFolder() {
    std::error_code ignored;
    if (!kept_ && !path_.empty()) std::filesystem::remove_all(path_, ignored);
  }
  RunsFolder(const RunsFolder&) = delete;
  RunsFolder& operator=(const RunsFolder&) = delete;
  const std::string& path() const { return path_; }

 private:
  std::string path_;
  bool kept_;
};

// What cannot be verified, or "".
std::string refusal(const CommandLine& line, const ClusterSpec& spec) {
  if (line.inputs.front() == "-")
    return "standard input can be read once, and the file is run several times: name a file";
  if (!line.processes.empty())
    return "--processes: the file is run in all layouts; leave the option out";
  if (spec.time == TimeMode::kWall)
    return fmt::format(
        "{}: runs in wall time measure this machine and differ: write time: virtual, or --time "
        "virtual",
        line.inputs.front());
  return "";
}

std::vector<std::string> options_of(const CommandLine& line) {
  std::vector<std::string> out;
  for (const std::string& one : line.set) out.insert(out.end(), {"--set", one});
  if (!line.time.empty()) out.insert(out.end(), {"--time", line.time});
  if (!line.engine.empty()) out.insert(out.end(), {"--engine", line.engine});
  return out;
}

int print_found(const CommandLine& line, const Determinism& found) {
  const int status = found.different() == nullptr ? 0 : exit_status(ErrorCode::kCheckFailed);
  const std::string& file = line.inputs.front();
  if (line.json) return printed(print_json(determinism_json(found, file)), status);
  if (status != 0) {
    message("{}", determinism_text(found, file));
    return status;
  }
  return line.quiet ? status : printed(print_lines(determinism_text(found, file)), status);
}

int verify(const CommandLine& line, const Own& own) {
  ControlLoop loop;
  const Checked<ClusterSpec> spec =
      read_cluster(line.inputs.front(), line.overrides(), data_root());
  if (!spec) return report_errors(spec.error());
  if (const std::string refused = refusal(line, *spec); !refused.empty())
    return report_error({ErrorCode::kInvalid, refused});
  const RunsFolder folder(line.out);
  if (folder.path().empty())
    return report_error({ErrorCode::kNotWritten, "there is no folder to run in: --out DIR"});
  loop.keep_results();
  DeterminismOptions options{.file = line.inputs.front(),
                             .options = options_of(line),
                             .messages = spec->fidelity == Fidelity::kMessage,
                             .seeds = {},
                             .folder = folder.path(),
                             .signal = &loop.signal(),
                             .say = {}};
  for (std::uint64_t i = 0; i < static_cast<std::uint64_t>(own.seeds); ++i)
    options.seeds.push_back(spec->seed + i);
  if (!line.quiet && !line.json)
    options.say = [](const std::string& text) { message("{}\n", text); };
  const DeterminismResult result = verify_determinism(options);
  if (result.failure) {
    message("{}\n", result.failure->text);
    return result.failure->status;
  }
  return print_found(line, result.found);
}

RunCommand define(OptionSet& options, CommandLine&) {
  const auto own = std::make_shared<Own>();
  options.inputs("file", "cluster file");
  options.number("--seeds", "N", own->seeds, 1, 1'000,
                 "how many seeds, from the file's on (default 3)");
  return [own](const CommandLine& line) { return verify(line, *own); };
}

}  // namespace

const CliCommand kVerifyDeterminismCommand = {
    .name = "verify-determinism",
    .what =
        "Runs a cluster file in every layout, with several seeds and twice, compares all that the "
        "runs left byte for byte, and names the first event that differs",
    .example = "soliton verify-determinism configs/quickstart.yaml --set workload.requests=20",
    .takes_cluster = true,
    .finds_files = true,
    .out = "folder to keep the runs in (default: none is kept)",
    .define = define};

}  // namespace soliton
