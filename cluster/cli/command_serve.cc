// soliton serve: the model of a cluster file behind HTTP.
#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <ctime>
#include <memory>
#include <optional>

#include "cluster/cli/commands.h"
#include "cluster/cli/environment.h"
#include "cluster/cli/output.h"
#include "cluster/cli/prepared.h"
#include "cluster/cli/private_files.h"
#include "cluster/cli/report_input.h"
#include "cluster/cli/run_files.h"
#include "cluster/cli/serve_session.h"
#include "cluster/file/serve_options.h"
#include "cluster/file/yaml_file.h"
#include "cluster/report/summary.h"
#include "cluster/results/run_folder.h"
#include "cluster/run/live_results.h"
#include "cluster/run/served.h"
#include "cluster/serve/http_server.h"
#include "protocol/base/message.h"

namespace soliton {
namespace {

constexpr std::size_t kLogTail = 10;
constexpr std::chrono::milliseconds kLookEvery{20};

struct ServeWishes {
  bool shared = false;
};

// All nodes are in this process: it is where clients' requests come in.
Overrides overrides_of(const CommandLine& line) {
  Overrides out{"processes=packed"};
  for (const std::string& one : line.overrides()) out.push_back(one);
  return out;
}

// Where it listens, and what clients must bear.
struct Door {
  ListenAddress at;
  std::string token;
};
Result<Door> door_of(const ServeOptions& options) {
  const Result<ListenAddress> at = parse_listen(options.listen);
  if (!at) return tl::unexpected<Error>(at.error());
  Door out{*at, ""};
  if (options.token_file.empty() && !at->is_loopback)
    return invalid(fmt::format("serve.listen: others reach {}, so that serve.token_file is needed",
                               at->address));
  if (options.token_file.empty()) return out;
  Result<std::string> token = read_token(options.token_file);
  if (!token) return tl::unexpected<Error>(token.error());
  out.token = std::move(*token);
  return out;
}

RunControl control_of(const RunFolder& folder, ControlLoop& loop, RunObserver& observer) {
  RunControl control;
  control.loop = &loop;
  control.time_limit = kRunEnd - kRunStart;  // emulated time passes only while somebody asks
  control.logs.open = [&folder](const std::string& node) {
    Result<FileHandle> log = folder.open_log(node);
    return log ? log->release() : -1;
  };
  control.logs.last_lines = [&folder](const std::string& node) {
    return folder.last_log_lines(node, kLogTail);
  };
  control.node_program = node_program();
  control.observer = &observer;
  return control;
}

// A model that is being served, from the first request to the last.
class Serving {
 public:
  Serving(PreparedRun& run, ServedModel model, const RunFolder& folder, ServeOptions options)
      : run_(run),
        model_(std::move(model)),
        folder_(folder),
        options_(std::move(options)),
        asked_(run.spec.workload),
        session_(options_.queue) {
    // Clients do not wait for each other, and how many requests there will be is not known.
    run.spec.workload.clients = run.spec.workload.requests = 1;
    run.graph->workload.labels.clear();
    run.graph->workload.goldens.clear();
  }

  Status open(const Door& door, ControlLoop& loop) {
    // Whoever waits for a request must hear of a signal.
    watch_.emplace(loop, kLookEvery, [this, &loop] {
      if (loop.signal() != 0) session_.close();
    });
    service_ = std::make_unique<InferenceService>(model_, session_, inputs_of(run_),
                                                  outputs_of(run_), door.token);
    HttpServerOptions http;
    http.address = door.at.address;
    http.port = door.at.port;
    http.body_limit = static_cast<std::uint64_t>(options_.body.count);
    http.timeout = std::chrono::ceil<std::chrono::milliseconds>(options_.timeout);
    auto started = HttpServer::start(http, [this](HttpRequest request, HttpDone done) {
      service_->handle(std::move(request), std::move(done));
    });
    if (!started) return tl::unexpected<Error>(started.error());
    server_ = std::move(*started);
    message("serving {} on http://{}:{}/v2/models/{}; ends with TERM or INT\n", model_.name,
            http.address, server_->port(), model_.name);
    return {};
  }

  FinishedRun play(ControlLoop& loop, RunObserver& observer) {
    FinishedRun finished = execute_served(run_, control_of(folder_, loop, observer), session_,
                                          [this] { return record(); });
    watch_.reset();
    return finished;
  }

  const Status& written() const { return written_; }

 private:
  // Clients have their answers before their session is written.
  bool record() {
    session_.give_up();
    server_->stop();
    const bool any = !session_.arrivals().empty();
    const std::string folder = folder_.current_path();
    run_.spec.workload = asked_;
    if (any)
      for (const SessionFile& file : record_session(model_, session_, folder, run_))
        keep(folder_.write(file.name, file.content));
    run_.spec.time_limit = std::max(run_.spec.time_limit, session_.length());
    keep(folder_.write("cluster.yaml", write_cluster(run_.spec, folder)));
    return any;
  }
  void keep(const Status& status) {
    if (!status && written_) written_ = status;
  }

  PreparedRun& run_;
  const ServedModel model_;
  const RunFolder& folder_;
  const ServeOptions options_;
  const WorkloadSpec asked_;  // of the file, for a session in which nobody asks for anything
  ServedSession session_;
  std::unique_ptr<InferenceService> service_;
  std::unique_ptr<HttpServer> server_;
  std::optional<ControlLoop::Repeating> watch_;
  Status written_;
};

int tell(const CommandLine& line, const FinishedRun& finished, SummaryContext context) {
  const RunResults& results = finished.results;
  int status = 0;
  if (finished.error) status = report_error(*finished.error);
  if (line.json) return printed(print_json(results_json(results, context.paths)), status);
  context.terminal = colours_wanted(stdout);
  if (!line.quiet) static_cast<void>(print_raw(summary_text(results, context)));
  return status;
}

int serve(const CommandLine& line, const ServeWishes& own) {
  ControlLoop loop;
  Checked<YamlFile> yaml = read_yaml(line.inputs.front());
  if (!yaml) return report_errors(yaml.error());
  const ServeOptions options = serve_options(*yaml, overrides_of(line));
  const Checked<std::unique_ptr<PreparedRun>> prepared =
      prepare(std::move(*yaml), overrides_of(line), data_root());
  if (!prepared) return report_errors(prepared.error());
  PreparedRun& run = **prepared;
  if (run.spec.processes != ProcessMode::kPacked || !line.engine.empty())
    return report_error({ErrorCode::kInvalid,
                         "models are served by nodes packed into one process: leave out "
                         "--processes and --engine"});
  Result<ServedModel> model = served_model(run);
  if (!model) return report_error(model.error());
  const Result<Door> door = door_of(options);
  if (!door) return report_error(door.error());
  loop.keep_results();
  RunFolderOptions where{run.spec.name, run_stamp(std::time(nullptr)), line.out};
  const std::string below = line.out.empty() ? where.base + "/run" : line.out;
  if (const Status kept = keep_private(below, own.shared); !kept) return report_error(kept.error());
  Result<RunFolder> folder = RunFolder::open(where);
  if (!folder) return report_error(folder.error());
  Serving serving(run, std::move(*model), *folder, options);
  Result<std::unique_ptr<LiveResults>> live = LiveResults::start(run, *folder, loop, {});
  if (!live) return report_error(live.error());
  if (const Status opened = serving.open(*door, loop); !opened) return report_error(opened.error());
  FinishedRun finished = serving.play(loop, **live);
  (*live)->stop();
  const std::string path = folder->current_path();
  const SummaryContext context = summary_context(
      run, critical_paths(finished.results, finished.trace, path_nodes(run.spec)), path);
  Status written = write_run_files(*folder, run, finished, context, nullptr);
  if (!serving.written()) written = serving.written();
  (*live)->finish(finished.results.complete);
  const int status = tell(line, finished, context);
  if (written) return status;
  const int not_written = report_error(written.error());
  return status == 0 ? not_written : status;
}

RunCommand define(OptionSet& options, CommandLine&) {
  const auto own = std::make_shared<ServeWishes>();
  options.inputs("file", "cluster file");
  define_shared(options, own->shared);
  return [own](const CommandLine& line) { return serve(line, *own); };
}

}  // namespace

const CliCommand kServeCommand = {
    .name = "serve",
    .what =
        "Serves the model of a cluster file over HTTP (Open Inference Protocol), each answer with "
        "its emulated latency; the session is left as a run that can be played again",
    .example = "soliton serve configs/quickstart.yaml --set serve.listen=127.0.0.1:8000",
    .takes_cluster = true,
    .finds_files = true,
    .out = "folder to write (default runs/NAME-STAMP)",
    .define = define};

}  // namespace soliton
