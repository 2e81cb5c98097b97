#include "cluster/serve/inference_service.h"

#include <fmt/format.h>

#include <chrono>
#include <memory>
#include <utility>

#include "protocol/json/json.h"

namespace soliton {
namespace {

using Clock = std::chrono::steady_clock;

double seconds_since(Clock::time_point start) {
  return std::chrono::duration<double>(Clock::now() - start).count();
}

// Takes as long for any two texts of one length, so that a token cannot be found letter by letter.
bool same_text(std::string_view a, std::string_view b) {
  if (a.size() != b.size()) return false;
  unsigned differ = 0;
  for (std::size_t i = 0; i < a.size(); ++i)
    differ |= static_cast<unsigned char>(a[i]) ^ static_cast<unsigned char>(b[i]);
  return differ == 0;
}

HttpReply busy(const std::string& text) {
  HttpReply reply = http_error(503, text);
  reply.headers.emplace_back("Retry-After", "1");
  return reply;
}

std::uint64_t nanoseconds(Duration d) { return static_cast<std::uint64_t>(d.count() / 1000); }

// A family of Prometheus's text format, with a line for each of `rows`.
void add_family(std::string& out, const char* name, const char* type, const char* help,
                const std::vector<std::pair<std::string, std::string>>& rows) {
  out += fmt::format("# HELP {0} {1}\n# TYPE {0} {2}\n", name, help, type);
  for (const auto& [labels, value] : rows) out += fmt::format("{}{{{}}} {}\n", name, labels, value);
}

// As a label: quotes, backslashes and ends of lines are escaped.
std::string label(const char* key, const std::string& value) {
  std::string out = std::string(key) + "=\"";
  for (const char c : value)
    out += c == '"' || c == '\\' ? std::string{'\\', c} : c == '\n' ? "\\n" : std::string(1, c);
  return out + "\"";
}

}  // namespace

InferenceService::Route InferenceService::route(std::string_view path) const {
  using What = Route::What;
  if (path.size() > 1 && path.ends_with('/')) path.remove_suffix(1);
  if (path == "/v2/health/live") return {What::kLive};
  if (path == "/v2/health/ready") return {What::kReady};
  if (path == "/v2") return {What::kServer};
  if (path == "/metrics") return {What::kMetrics};
  if (path == "/v2/repository/index") return {What::kIndex, "POST"};
  constexpr std::string_view kModels = "/v2/models/";
  if (!path.starts_with(kModels)) return {};
  path.remove_prefix(kModels.size());
  if (!path.starts_with(model_.name) ||
      (path.size() > model_.name.size() && path[model_.name.size()] != '/'))
    return {What::kModelUnknown};
  path.remove_prefix(model_.name.size());
  constexpr std::string_view kVersions = "/versions/";
  if (path.starts_with(kVersions)) {
    path.remove_prefix(kVersions.size());
    if (!path.starts_with('1') || (path.size() > 1 && path[1] != '/')) return {What::kModelUnknown};
    path.remove_prefix(1);
  }
  if (path.empty()) return {What::kModel};
  if (path == "/ready") return {What::kModelReady};
  if (path == "/infer") return {What::kInfer, "POST"};
  if (path == "/stats") return {What::kStats};
  return {};
}

bool InferenceService::is_allowed(const HttpRequest& request) const {
  return token_.empty() || same_text(request.authorization, "Bearer " + token_);
}

void InferenceService::handle(HttpRequest request, HttpDone done) {
  using What = Route::What;
  const std::string_view path =
      std::string_view(request.target).substr(0, request.target.find('?'));
  const Route route = this->route(path);
  const bool open = route.what == What::kLive || route.what == What::kReady;
  if (!open && !is_allowed(request)) {
    HttpReply reply = http_error(401, "a token is needed: Authorization: Bearer ...");
    reply.headers.emplace_back("WWW-Authenticate", "Bearer");
    return done(std::move(reply));
  }
  if (route.what == What::kNone || route.what == What::kModelUnknown)
    return done(answer_at_once(route.what, path));
  const bool reads = std::string_view(route.method) == "GET";
  if (request.method != route.method && !(reads && request.method == "HEAD")) {
    HttpReply reply = http_error(405, fmt::format("{} takes {} alone", path, route.method));
    reply.headers.emplace_back("Allow", reads ? "GET, HEAD" : "POST");
    return done(std::move(reply));
  }
  if (route.what == What::kInfer) return infer(request, std::move(done));
  done(answer_at_once(route.what, path));
}

HttpReply InferenceService::answer_at_once(Route::What what, std::string_view path) const {
  using What = Route::What;
  switch (what) {
    case What::kLive:
      return {};
    case What::kReady:
    case What::kModelReady:
      return is_ready() ? HttpReply{} : http_error(503, "the server ends");
    case What::kServer:
      return {.body = server_metadata()};
    case What::kModel:
      return {.body = model_metadata(model_)};
    case What::kStats:
      return {.body = stats()};
    case What::kIndex:
      return {.body = repository_index(model_, is_ready())};
    case What::kMetrics:
      return {.type = "text/plain; version=0.0.4; charset=utf-8", .body = metrics()};
    case What::kModelUnknown:
      return http_error(404,
                        fmt::format("{}: the model here is '{}', version 1", path, model_.name));
    case What::kInfer:
    case What::kNone:
      break;
  }
  return http_error(404, fmt::format("there is no {}", path));
}

void InferenceService::infer(const HttpRequest& request, HttpDone done) {
  const Clock::time_point began = Clock::now();
  if (!request.content_encoding.empty() && request.content_encoding != "identity") {
    count(kBad);
    return done(http_error(415, fmt::format("Content-Encoding: {} is not taken; send the body as "
                                            "it is",
                                            request.content_encoding)));
  }
  Admitted<InferRequest> parsed = parse_infer(model_, request.body, request.json_length);
  if (!parsed) {
    count(kBad);
    return done(http_error(parsed.error().status, parsed.error().text));
  }
  std::vector<ir::Array> arrays = inputs_(std::move(parsed->inputs));
  const auto wanted = std::make_shared<const InferRequest>(std::move(*parsed));
  const auto answer = [this, began, wanted, done](const HostRecord* record) {
    if (record == nullptr) {
      count(kBroken);
      return done(http_error(500, "the cluster broke before this request was answered"));
    }
    if (record->refused) {
      count(kBusy);
      return done(busy("the service has as many requests open as its queue_limit says"));
    }
    InferAnswer out{index(record->request), record->sent, record->completed, record->path,
                    outputs_(*record)};
    if (out.outputs.size() != model_.outputs.size()) {
      count(kBroken);
      return done(http_error(500, "the cluster gave no answer"));
    }
    count(kOk, seconds_since(began), record);
    done(infer_reply(model_, *wanted, out));
  };
  switch (session_.submit(std::move(arrays), answer)) {
    case ServedSession::Submitted::kYes:
      return;
    case ServedSession::Submitted::kFull:
      count(kBusy);
      return done(busy(fmt::format("{} requests are open, and no more may be", session_.open())));
    case ServedSession::Submitted::kOver:
      count(kBusy);
      return done(busy("the server ends"));
  }
}

void InferenceService::count(Outcome outcome, double seconds, const HostRecord* record) {
  const std::lock_guard lock(mutex_);
  ++counters_.outcomes[outcome];
  counters_.wall_seconds += seconds;
  if (record == nullptr) return;
  counters_.emulated += record->completed - record->sent;
  counters_.compute += record->path.compute;
  counters_.network += record->path.network;
  counters_.queue += record->path.queue;
  counters_.host += record->path.host;
}

// Times are emulated ones, in nanoseconds as clients of Triton expect them.
std::string InferenceService::stats() const {
  const std::lock_guard lock(mutex_);
  const Counters& c = counters_;
  const std::uint64_t ok = c.outcomes[kOk];
  const auto phase = [](std::uint64_t count, Duration time) {
    return Json{{"count", count}, {"ns", nanoseconds(time)}};
  };
  Json one{
      {"name", model_.name}, {"version", "1"}, {"inference_count", ok}, {"execution_count", ok}};
  one["inference_stats"] = {{"success", phase(ok, c.emulated)},
                            {"fail", phase(c.outcomes[kBad] + c.outcomes[kBroken], Duration{})},
                            {"queue", phase(ok, c.queue)},
                            {"compute_input", phase(ok, c.host)},
                            {"compute_infer", phase(ok, c.compute)},
                            {"compute_output", phase(ok, c.network)}};
  one["batch_stats"] = Json::array();
  return json_text(Json{{"model_stats", Json::array({one})}}, JsonLayout::kLine);
}

std::string InferenceService::metrics() const {
  const std::size_t open = session_.open();
  const std::lock_guard lock(mutex_);
  const Counters& c = counters_;
  const std::string model = label("model", model_.name);
  const auto outcome = [&](const char* name, Outcome which) {
    return std::pair(model + "," + label("outcome", name), std::to_string(c.outcomes[which]));
  };
  const auto seconds = [](Duration d) {
    return fmt::format("{:.12f}", static_cast<double>(d.count()) / 1e12);
  };
  const auto part = [&](const char* name, Duration d) {
    return std::pair(model + "," + label("part", name), seconds(d));
  };
  std::string out;
  add_family(out, "soliton_requests_total", "counter", "Inference requests by outcome.",
             {outcome("ok", kOk), outcome("bad_request", kBad), outcome("busy", kBusy),
              outcome("broken", kBroken)});
  add_family(out, "soliton_requests_open", "gauge", "Requests accepted and not answered.",
             {{model, std::to_string(open)}});
  add_family(out, "soliton_emulated_seconds_total", "counter",
             "Emulated time of answered requests, by part of their path.",
             {part("compute", c.compute), part("network", c.network), part("queue", c.queue),
              part("host", c.host)});
  add_family(out, "soliton_wall_seconds_total", "counter",
             "Wall time of answered requests inside the server.",
             {{model, fmt::format("{:.6f}", c.wall_seconds)}});
  return out;
}

}  // namespace soliton
