// What a server of the Open Inference Protocol answers to each request, whoever carries it: routes, the
// token, limits, counters. Any thread may call it.
#pragma once

#include <array>
#include <cstdint>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>

#include "cluster/serve/http_types.h"
#include "cluster/serve/open_inference.h"
#include "cluster/serve/served_session.h"

namespace soliton {

class InferenceService {
 public:
  // How the arrays of a record are told apart: by output of the model.
  using Outputs = std::function<std::vector<ir::Array>(const HostRecord& record)>;
  // From arrays as clients send them to those of the model.
  using Inputs = std::function<std::vector<ir::Array>(std::vector<ir::Array> arrays)>;

  // `token`: what clients must bear; "": nothing. `session` must outlive the object.
  InferenceService(ServedModel model, ServedSession& session, Inputs inputs, Outputs outputs,
                   std::string token)
      : model_(std::move(model)),
        session_(session),
        inputs_(std::move(inputs)),
        outputs_(std::move(outputs)),
        token_(std::move(token)) {}

  void handle(HttpRequest request, HttpDone done);

 private:
  struct Route {
    enum class What {
      kLive,
      kReady,
      kServer,
      kModel,
      kModelReady,
      kInfer,
      kStats,
      kIndex,
      kMetrics,
      kModelUnknown,
      kNone
    } what = What::kNone;
    const char* method = "GET";
  };
  // What became of requests for answers.
  enum Outcome : std::size_t { kOk, kBad, kBusy, kBroken, kOutcomes };
  struct Counters {
    std::array<std::uint64_t, kOutcomes> outcomes{};
    double wall_seconds = 0;
    Duration emulated{}, compute{}, network{}, queue{}, host{};
  };

  Route route(std::string_view path) const;
  bool is_allowed(const HttpRequest& request) const;
  HttpReply answer_at_once(Route::What what, std::string_view path) const;
  void infer(const HttpRequest& request, HttpDone done);
  void count(Outcome outcome, double seconds = 0, const HostRecord* record = nullptr);
  bool is_ready() const { return !session_.is_closed(); }
  std::string stats() const;
  std::string metrics() const;

  const ServedModel model_;
  ServedSession& session_;
  const Inputs inputs_;
  const Outputs outputs_;
  const std::string token_;
  mutable std::mutex mutex_;  // guards counters_
  Counters counters_;
};

}  // namespace soliton
