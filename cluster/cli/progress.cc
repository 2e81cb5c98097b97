#include "cluster/cli/progress.h"

#include <fmt/format.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <utility>
#include <vector>

#include "cluster/report/words.h"
#include "protocol/base/message.h"
#include "protocol/base/text.h"

namespace soliton {
namespace {

constexpr double kPlainLineEvery = 10;  // seconds
constexpr std::size_t kBarLeast = 8, kBarMost = 24;
constexpr std::size_t kColumnsElse = 80;  // when the terminal does not say

std::size_t terminal_columns() {
  winsize size{};
  return ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 ? size.ws_col
                                                                         : kColumnsElse;
}

bool takes_more() {
  pollfd stream{STDERR_FILENO, POLLOUT, 0};
  return poll(&stream, 1, 0) == 1 && (stream.revents & POLLOUT) != 0;
}

std::string count(std::uint64_t value) { return group_thousands(static_cast<std::int64_t>(value)); }

std::string percent_done(const RunProgress& p) {
  return fmt::format("{} %", p.asked == 0 ? 0 : 100 * p.completed / p.asked);
}

// "0.6 s", "12 s", "3 min", "2 h".
std::string spell_left(double seconds) {
  if (seconds < 10) return fmt::format("{:.1f} s", seconds);
  if (seconds < 120) return fmt::format("{:.0f} s", seconds);
  if (seconds < 7200) return fmt::format("{:.0f} min", seconds / 60);
  return fmt::format("{:.0f} h", seconds / 3600);
}

std::string left(const RunProgress& p) {
  const std::optional<double> seconds = p.rates.seconds_left(p.completed, p.asked);
  return seconds ? spell_left(*seconds) + " left" : "";
}

std::string rate_words(double per_second, const char* of = "") {
  if (!(per_second > 0)) return "";
  const std::string number = per_second < 100 ? fmt::format("{:.1f}", per_second)
                                              : count(static_cast<std::uint64_t>(per_second));
  return number + of + "/s";
}

std::string requests_rate(const RunProgress& p) {
  return rate_words(p.rates.completed_per_second());
}

std::string packets_rate(const RunProgress& p) {
  return rate_words(p.rates.packets_per_second(), " packets");
}

// How much slower the run's own time passes than that of the wall; wall time is as fast as itself.
std::string pace(const RunProgress& p) {
  const double emulated = p.rates.emulated_seconds_per_second();
  if (!(emulated > 0) || p.pulse.events == 0) return "";
  return emulated < 1 ? significant(1 / emulated, 2) + " × slower"
                      : significant(emulated, 2) + " × faster";
}

std::string joined(std::vector<std::string> parts, const char* between) {
  std::erase(parts, "");
  return fmt::format("{}", fmt::join(parts, between));
}

}  // namespace

std::string progress_bar(const RunProgress& p, std::size_t columns) {
  const std::string emulated = to_string(p.pulse.now - kRunStart);
  const std::string of = fmt::format("{}/{}", count(p.completed), count(p.asked));
  const std::string forms[] = {
      joined({of, emulated, requests_rate(p), packets_rate(p), pace(p), left(p)}, " · "),
      joined({of, emulated, requests_rate(p), packets_rate(p), left(p)}, " · "),
      joined({of, emulated, requests_rate(p), left(p)}, " · "),
      joined({of, requests_rate(p), left(p)}, " · "),
      joined({percent_done(p), left(p)}, " · "),
      percent_done(p),
  };
  // Leaves the last column free, because a full line would wrap.
  const std::size_t room = columns > 1 ? columns - 1 : 1;
  for (const std::string& form : forms) {
    const std::size_t width = character_count(form);
    if (width + 1 + kBarLeast > room && &form != std::end(forms) - 1) continue;
    if (width + 1 + kBarLeast > room) return form;
    const std::size_t cells = std::min(kBarMost, room - width - 1);
    const std::size_t full =
        p.asked == 0 ? 0 : std::min<std::size_t>(cells, p.completed * cells / p.asked);
    std::string bar;
    for (std::size_t i = 0; i < cells; ++i) bar += i < full ? "█" : "░";
    return bar + " " + form;
  }
  return "";
}

std::string progress_words(const RunProgress& p) {
  return joined(
      {fmt::format("{} of {} requests", count(p.completed), count(p.asked)),
       to_string(p.pulse.now - kRunStart), requests_rate(p), packets_rate(p), pace(p), left(p)},
      ", ");
}

ProgressLine::ProgressLine(bool wanted) : wanted_(wanted), terminal_(isatty(STDERR_FILENO) != 0) {}

void ProgressLine::show(const RunProgress& progress) {
  if (!wanted_) return;
  if (!terminal_ && progress.wall_seconds - said_seconds_ < kPlainLineEvery) return;
  if (!takes_more()) return;
  if (terminal_) {
    message_raw(fmt::format("\r\x1b[K{}", progress_bar(progress, terminal_columns())));
    shown_ = true;
  } else {
    message("{}\n", progress_words(progress));
    said_seconds_ = progress.wall_seconds;
  }
}

void ProgressLine::show(const std::string& text) {
  if (!wanted_ || !terminal_ || !takes_more()) return;
  message_raw(fmt::format("\r\x1b[K{}", text));
  shown_ = true;
}

void ProgressLine::clear() {
  if (std::exchange(shown_, false)) message_raw("\r\x1b[K");
}

}  // namespace soliton
