#include "cluster/serve/served_session.h"

#include <algorithm>
#include <utility>

namespace soliton {

ServedSession::Submitted ServedSession::submit(std::vector<ir::Array> inputs, Done done) {
  std::uint64_t bytes = 0;
  for (const ir::Array& array : inputs) bytes += static_cast<std::uint64_t>(array.bytes());
  {
    const std::lock_guard lock(mutex_);
    if (closed_ || bytes_ + bytes > kBytesMost) return Submitted::kOver;
    if (open_ >= queue_) return Submitted::kFull;
    ++open_;
    bytes_ += bytes;
    waiting_.push_back({std::move(inputs), std::move(done)});
  }
  changed_.notify_one();
  return Submitted::kYes;
}

void ServedSession::close() {
  {
    const std::lock_guard lock(mutex_);
    closed_ = true;
  }
  changed_.notify_all();
}

std::size_t ServedSession::open() const {
  const std::lock_guard lock(mutex_);
  return open_;
}

bool ServedSession::is_closed() const {
  const std::lock_guard lock(mutex_);
  return closed_;
}

bool ServedSession::take(Instant now, bool wait) {
  std::unique_lock lock(mutex_);
  if (wait) changed_.wait(lock, [this] { return closed_ || !waiting_.empty(); });
  if (waiting_.empty()) return false;
  Job job = std::move(waiting_.front());
  waiting_.pop_front();
  lock.unlock();
  taken_.push_back(std::move(job.inputs));
  dones_.push_back(std::move(job.done));
  arrivals_.push_back(now);
  return true;
}

bool ServedSession::is_over() const {
  const std::lock_guard lock(mutex_);
  return closed_ && waiting_.empty();
}

void ServedSession::answer(const HostRecord& record) {
  const Done done = std::exchange(dones_[index(record.request)], {});
  last_ = std::max(last_, record.completed);
  {
    const std::lock_guard lock(mutex_);
    --open_;
  }
  if (done) done(&record);
}

void ServedSession::give_up() {
  std::vector<Done> open;
  for (Done& done : dones_)
    if (done) open.push_back(std::exchange(done, {}));
  {
    const std::lock_guard lock(mutex_);
    closed_ = true;
    for (Job& job : waiting_) open.push_back(std::move(job.done));
    waiting_.clear();
    open_ = 0;
  }
  for (const Done& done : open) done(nullptr);
}

}  // namespace soliton
