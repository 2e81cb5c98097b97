// The conservative virtual-time engine: tells hubs (hub.h) how far they may play, and carries packets
// between them, in rounds. Nothing is rolled back, and the result depends neither on how the network is
// cut, nor on what plays the hubs, nor on where rounds end.
//
// A run ends when no event is left, at a time limit, or at the instant at which a node ends it
// (RunEnd). No hub has played beyond that instant, because no horizon lies further than the
// earliest foreseen end. So every node stops at the same instant however nodes are spread over
// hubs and processes.
//
// Let m_i be the earliest event of hub i, packets on their way to it included, and d_ij the least time
// from an event in i to one that follows from it in j (Cut::least). In a round hub j may play below
// min over i != j of m_i + d_ij: nothing comes in below that but answers to its own packets, which it
// looks after itself.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <vector>

#include "fabric/sim/local_hub.h"
#include "fabric/sim/meeting.h"
#include "fabric/sim/team.h"

namespace soliton {

enum class EndReason : std::uint8_t {
  kQuiet,      // no node and no packet will ever do anything again
  kStopped,    // EngineOptions::stop returned true
  kTimeLimit,  // nothing is left below the limit
  kNodeEnded,  // a node ended it; everything up to that instant has happened, and nothing after it
};

struct EngineOptions {
  Instant time_limit = kRunEnd;  // events at or after it do not happen; at most kRunEnd
  std::function<bool()> stop;    // called once per round; may be empty
  // Whether the round is to end early so that `stop` is called. Asked after each window, by all hubs
  // at once; if it is empty and `stop` is not, every window ends the round.
  std::function<bool()> pause;
  Team* team = nullptr;        // plays the hubs; null: one by one
  Meeting* meeting = nullptr;  // of the hubs; may be null
};

struct EngineReport : HubReport {
  // `now`, if that was the end, is the limit or the instant at which a node ended the run.
  EndReason end = EndReason::kQuiet;
  std::uint64_t rounds = 0;
};

class Engine {
 public:
  // hubs[i] has part i of the cut. `least_path` as Lookahead::path. All outlive the object.
  Engine(const Cut& cut, std::vector<Hub*> hubs, Duration least_path, EngineOptions options = {});
  // One hub with the whole network; nodes[i] is NodeId i.
  Engine(Network& network, const std::vector<EngineNode*>& nodes, EngineOptions options = {});
  Engine(const Engine&) = delete;
  Engine& operator=(const Engine&) = delete;

  // Runs to the end and tells all hubs about it. After an error report() says how far the run came.
  Result<EngineReport> run();
  EngineReport report() const;

 private:
  struct Place {
    Hub* hub = nullptr;
    std::vector<Handovers> inbox;  // by the hub they are from
    Instant next{};                // m_i
    Instant horizon{};
    Status played;
  };

  Status play();
  void set_next();
  void set_reach();
  bool ended();
  bool met();
  void set_horizons();
  Status play_round();
  void exchange();

  Cut cut_;
  std::unique_ptr<LocalHub> own_;  // of the second constructor
  std::vector<Place> places_;
  Duration least_path_;
  EngineOptions options_;
  OneByOne one_by_one_;
  EndReason end_ = EndReason::kQuiet;
  std::uint64_t rounds_ = 0;
  Instant first_{};         // the earliest event of all hubs
  Instant limit_;           // no event happens at or after it
  Instant reach_{};         // nor at or after this one until foreseen ends are asked again
  Instant ended_ = kNever;  // when a node ended the run
};

}  // namespace soliton
