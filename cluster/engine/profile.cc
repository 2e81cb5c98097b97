#include "cluster/engine/profile.h"

#include <sys/resource.h>

#include <chrono>
#include <utility>

namespace soliton {
namespace {

constexpr std::chrono::milliseconds kEvery{1};

constinit thread_local std::atomic<Activity> doing_now{Activity::kOther};

// Of processes that have ended and were waited for.
double children_cpu_seconds() {
  rusage used{};
  getrusage(RUSAGE_CHILDREN, &used);
  const auto seconds = [](const timeval& time) {
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) * 1e-6;
  };
  return seconds(used.ru_utime) + seconds(used.ru_stime);
}

class ProfiledNode : public EngineNode {
 public:
  ProfiledNode(EngineNode& node, Activity activity) : node_(node), activity_(activity) {}

  void deliver(Frame frame) override {
    const Doing doing(activity_);
    node_.deliver(std::move(frame));
  }
  Instant next_event() const override { return node_.next_event(); }
  void grant(Instant until) override {
    const Doing doing(activity_);
    node_.grant(until);
  }
  Status collect(std::vector<Frame>& sent) override {
    const Doing doing(activity_);
    return node_.collect(sent);
  }
  Instant last_event() const override { return node_.last_event(); }
  std::uint64_t events() const override { return node_.events(); }
  RunEnd run_end() const override { return node_.run_end(); }
  Instant ended() const override { return node_.ended(); }
  void hot_memory(std::vector<std::span<const std::byte>>& out) const override {
    node_.hot_memory(out);
  }
  void finish(Instant end) override { node_.finish(end); }

 private:
  EngineNode& node_;
  Activity activity_;
};

class ProfiledRole : public Role {
 public:
  explicit ProfiledRole(std::unique_ptr<Role> role) : role_(std::move(role)) {}

  void start(Instant at) override {
    const Doing doing(Activity::kRoles);
    role_->start(at);
  }
  void on_message(NodeId peer, Payload message, Instant now) override {
    const Doing doing(Activity::kRoles);
    role_->on_message(peer, std::move(message), now);
  }
  std::optional<RoleMessage> poll_message(Instant now) override {
    const Doing doing(Activity::kRoles);
    return role_->poll_message(now);
  }
  Instant next_deadline() const override { return role_->next_deadline(); }
  void on_deadline(Instant now) override {
    const Doing doing(Activity::kRoles);
    role_->on_deadline(now);
  }
  void on_blocked(NodeId peer) override { role_->on_blocked(peer); }
  void on_room(NodeId peer) override { role_->on_room(peer); }
  void stop() override { role_->stop(); }
  std::vector<std::string> describe_outstanding() const override {
    return role_->describe_outstanding();
  }
  bool finished() const override { return role_->finished(); }
  void hand_over(Records& records) override { role_->hand_over(records); }
  void add_stats(RoleStats& stats) const override { role_->add_stats(stats); }
  RunEnd run_end() const override { return role_->run_end(); }
  std::uint32_t first_open() const override { return role_->first_open(); }
  void restart(std::uint32_t first, Instant now) override { role_->restart(first, now); }
  void adopt(const RoleSpec& spec) override { role_->adopt(spec); }
  bool outlives_peers() const override { return role_->outlives_peers(); }
  std::uint32_t generation() const override { return role_->generation(); }
  void revive(Instant now) override { role_->revive(now); }
  void set_condition(const NodeCondition& condition, Instant now) override {
    role_->set_condition(condition, now);
  }

 private:
  std::unique_ptr<Role> role_;
};

}  // namespace

Doing::Doing(Activity what) : before_(doing_now.load(std::memory_order_relaxed)) {
  doing_now.store(what, std::memory_order_relaxed);
}

Doing::~Doing() { doing_now.store(before_, std::memory_order_relaxed); }

Profiler::Profiler()
    : doing_(doing_now), nodes_cpu_before_(children_cpu_seconds()), thread_([this] { look(); }) {}

Profiler::~Profiler() {
  {
    const std::lock_guard lock(mutex_);
    ended_ = true;
  }
  changed_.notify_all();
  thread_.join();
}

void Profiler::look() {
  std::unique_lock lock(mutex_);
  while (!changed_.wait_for(lock, kEvery, [this] { return ended_; }))
    ++seen_[static_cast<std::size_t>(doing_.load(std::memory_order_relaxed))];
}

RunProfile Profiler::profile() const {
  RunProfile out;
  for (const auto& seen : seen_) out.samples += seen;
  const auto share = [&](Activity activity) {
    const auto seen = static_cast<double>(seen_[static_cast<std::size_t>(activity)]);
    return out.samples == 0 ? 0 : seen / static_cast<double>(out.samples);
  };
  out.network = share(Activity::kNetwork);
  out.transport = share(Activity::kTransport);
  out.roles = share(Activity::kRoles);
  out.waiting = share(Activity::kWaiting);
  out.launch = share(Activity::kLaunch);
  out.checks = share(Activity::kChecks);
  out.results = share(Activity::kResults);
  out.other = share(Activity::kOther);
  out.nodes_cpu_seconds = children_cpu_seconds() - nodes_cpu_before_;
  return out;
}

ProfiledNodes::ProfiledNodes(std::vector<EngineNode*> nodes, Activity activity, bool wanted)
    : nodes_(std::move(nodes)) {
  if (!wanted) return;
  for (EngineNode*& node : nodes_) {
    wrappers_.push_back(std::make_unique<ProfiledNode>(*node, activity));
    node = wrappers_.back().get();
  }
}

ProfiledNodes::~ProfiledNodes() = default;

std::unique_ptr<Role> profiled(std::unique_ptr<Role> role) {
  return std::make_unique<ProfiledRole>(std::move(role));
}

}  // namespace soliton
