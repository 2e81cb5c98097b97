#include "node/runtime/log.h"

#include <spdlog/logger.h>
#include <spdlog/pattern_formatter.h>
#include <spdlog/sinks/base_sink.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstdlib>
#include <mutex>
#include <string>

#include "protocol/base/quantity.h"
#include "protocol/base/text.h"

namespace soliton {
namespace {

// Not 0, which is the beginning of the run: there are lines before it.
constexpr std::int64_t kNoTime = INT64_MIN;
// Lines are handed to the kernel together up to this many bytes.
constexpr std::size_t kBuffered = 4096;

// The flag %* of the pattern: " t=12.5 us", or nothing before the run has begun.
class RunTimeFlag : public spdlog::custom_flag_formatter {
 public:
  explicit RunTimeFlag(const std::atomic<std::int64_t>& now) : now_(now) {}

  void format(const spdlog::details::log_msg&, const std::tm&, spdlog::memory_buf_t& out) override {
    const std::int64_t now = now_.load(std::memory_order_relaxed);
    if (now == kNoTime) return;
    const std::string text = " t=" + to_string(Duration{now});
    out.append(text.data(), text.data() + text.size());
  }
  std::unique_ptr<custom_flag_formatter> clone() const override {
    return std::make_unique<RunTimeFlag>(now_);
  }

 private:
  const std::atomic<std::int64_t>& now_;
};

// Whole lines to a descriptor. What cannot be written is lost.
class DescriptorSink : public spdlog::sinks::base_sink<std::mutex> {
 public:
  explicit DescriptorSink(int descriptor) : descriptor_(descriptor) {}

 protected:
  void sink_it_(const spdlog::details::log_msg& message) override {
    spdlog::memory_buf_t line;
    formatter_->format(message, line);
    waiting_.append(line.data(), line.size());
    if (waiting_.size() >= kBuffered) flush_();
  }
  void flush_() override {
    std::string_view rest = waiting_;
    while (!rest.empty() && descriptor_ >= 0) {
      const ssize_t count = ::write(descriptor_, rest.data(), rest.size());
      if (count < 0 && errno == EINTR) continue;
      // A full disk costs lines of the log, never the run.
      if (count <= 0) break;
      rest.remove_prefix(static_cast<std::size_t>(count));
    }
    waiting_.clear();
  }

 private:
  int descriptor_;
  std::string waiting_;
};

spdlog::level::level_enum level_of(LogLevel level) {
  switch (level) {
    case LogLevel::kDebug:
      return spdlog::level::debug;
    case LogLevel::kInfo:
      return spdlog::level::info;
    case LogLevel::kWarning:
      return spdlog::level::warn;
    case LogLevel::kError:
      break;
  }
  return spdlog::level::err;
}

}  // namespace

LogLevel log_level_of_environment() {
  const char* said = std::getenv("SOLITON_LOG");
  const std::string_view word = said == nullptr ? "" : said;
  if (word == "debug") return LogLevel::kDebug;
  if (word == "warning") return LogLevel::kWarning;
  if (word == "error") return LogLevel::kError;
  return LogLevel::kInfo;
}

struct Log::Impl {
  std::atomic<std::int64_t> now{kNoTime};
  spdlog::logger logger;

  explicit Impl(int descriptor) : logger("", std::make_shared<DescriptorSink>(descriptor)) {
    // UTC, so that no process reads the time zone to start.
    auto formatter = std::make_unique<spdlog::pattern_formatter>(spdlog::pattern_time_type::utc);
    formatter->add_flag<RunTimeFlag>('*', now).set_pattern("%Y-%m-%d %H:%M:%S.%e %l%* %v");
    logger.set_formatter(std::move(formatter));
    // By default spdlog reports its own failures on the standard error, which may be what failed.
    logger.set_error_handler([](const std::string&) {});
    logger.flush_on(spdlog::level::warn);
  }
};

Log::Log(int descriptor, LogLevel least) : x_(std::make_unique<Impl>(descriptor)) {
  x_->logger.set_level(level_of(least));
}

Log::~Log() { flush(); }

void Log::set_time(Instant now) {
  x_->now.store(now.time_since_epoch().count(), std::memory_order_relaxed);
}

void Log::write(LogLevel level, std::string_view text) noexcept {
  try {
    while (!text.empty()) {
      const std::size_t end = std::min(text.find('\n'), text.size());
      // The text is an argument and not the format, so braces in it mean nothing.
      x_->logger.log(level_of(level), "{}", escaped(text.substr(0, end)));
      text.remove_prefix(std::min(end + 1, text.size()));
    }
  } catch (...) {
    // Without memory for a line it is lost.
  }
}

void Log::flush() noexcept {
  try {
    x_->logger.flush();
  } catch (...) {
  }
}

}  // namespace soliton
