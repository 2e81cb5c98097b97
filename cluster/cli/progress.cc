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

// "p50 31.8 p99 33.0 us", or the second alone; "" before the first answer.
std::string latency_words(const RunProgress& p, bool both) {
  if (!p.p50 || !p.p99) return "";
  const TimeUnit unit = TimeUnit::fitting(*p.p99);
  const std::string tail = fmt::format("p99 {} {}", unit.spell(*p.p99), unit.name);
  return both ? fmt::format("p50 {} {}", unit.spell(*p.p50), tail) : tail;
}

std::string counted(std::uint64_t number, const char* what) {
  return number == 0 ? "" : fmt::format("{} {}{}", count(number), what, number == 1 ? "" : "s");
}

std::string faults(const RunProgress& p) {
  return joined({counted(p.fault_hits, "fault"),
                 p.pulse.nodes_lost == 0 ? "" : counted(p.pulse.nodes_lost, "node") + " lost"},
                ", ");
}

// The time left in the fewest characters.
std::string brief_left(const RunProgress& p) {
  const std::optional<double> seconds = p.rates.seconds_left(p.completed, p.asked);
  return seconds ? "~" + spell_left(*seconds) : "";
}

// A text of the line, with a bar in front or without one.
struct Form {
  bool bar = true;
  std::string text;
};

std::string bar_of(std::size_t cells, std::uint64_t done, std::uint64_t of) {
  const std::size_t full = of == 0 ? 0 : std::min<std::size_t>(cells, done * cells / of);
  std::string out;
  for (std::size_t i = 0; i < cells; ++i) out += i < full ? "█" : "░";
  return out;
}

// The first form that fits; the last one fits always. The last column stays free, because a full line would
// wrap.
std::string fitting(const std::vector<Form>& forms, std::size_t columns, std::uint64_t done,
                    std::uint64_t of) {
  const std::size_t room = columns > 1 ? columns - 1 : 1;
  for (const Form& form : forms) {
    const std::size_t width = character_count(form.text);
    const std::size_t least = form.bar ? width + 1 + kBarLeast : width;
    if (least > room) continue;
    if (!form.bar) return form.text;
    return bar_of(std::min(kBarMost, room - width - 1), done, of) + " " + form.text;
  }
  return forms.back().text;
}

// What is known at 40 columns besides how far it is.
std::vector<Form> narrow_forms(const RunProgress& p) {
  const std::string percent = percent_done(p), rate = requests_rate(p);
  if (!p.p50 && faults(p).empty()) return {};
  return {{false, joined({percent, rate, latency_words(p, true), faults(p), left(p)}, " · ")},
          {false, joined({percent, rate, latency_words(p, false), faults(p), left(p)}, " · ")},
          {false, joined({percent, latency_words(p, false), faults(p), brief_left(p)}, " · ")},
          {false, joined({percent, faults(p), brief_left(p)}, " · ")}};
}

}  // namespace

std::string progress_bar(const RunProgress& p, std::size_t columns) {
  const std::string emulated = to_string(p.pulse.now - kRunStart);
  const std::string of = fmt::format("{}/{}", count(p.completed), count(p.asked));
  const std::string rate = requests_rate(p), latency = latency_words(p, true), hits = faults(p);
  std::vector<Form> forms = {
      {true, joined({of, emulated, rate, packets_rate(p), pace(p), latency, hits, left(p)}, " · ")},
      {true, joined({of, emulated, rate, packets_rate(p), latency, hits, left(p)}, " · ")},
      {true, joined({of, emulated, rate, latency, hits, left(p)}, " · ")},
      {true, joined({of, rate, latency, hits, left(p)}, " · ")},
  };
  for (Form& form : narrow_forms(p)) forms.push_back(std::move(form));
  forms.push_back({true, joined({percent_done(p), left(p)}, " · ")});
  forms.push_back({true, percent_done(p)});
  forms.push_back({false, percent_done(p)});
  return fitting(forms, columns, p.completed, p.asked);
}

std::string progress_words(const RunProgress& p) {
  return joined({fmt::format("{} of {} requests", count(p.completed), count(p.asked)),
                 to_string(p.pulse.now - kRunStart), requests_rate(p), packets_rate(p), pace(p),
                 latency_words(p, true), faults(p), left(p)},
                ", ");
}

std::string sweep_bar(const SweepProgress& p, std::size_t columns) {
  const std::string of = fmt::format("{}/{}", count(p.ended), count(p.all));
  const std::string rate = rate_words(p.per_second()),
                    failed = p.failed == 0 ? "" : fmt::format("{} failed", count(p.failed)),
                    left = p.per_second() > 0 ? spell_left(p.seconds_left()) + " left" : "";
  const auto us = [](const std::optional<double>& value) {
    return value ? significant(*value, 3) : "-";
  };
  const std::string tail = p.p99_us ? fmt::format("p99 {} us", us(p.p99_us)) : "",
                    both = p.p50_us ? fmt::format("p50 {} {}", us(p.p50_us), tail) : tail;
  const std::vector<Form> forms = {
      {true, joined({of, rate, both, failed, left}, " · ")},
      {true, joined({of, rate, tail, failed, left}, " · ")},
      {false, joined({of, rate, both, failed, left}, " · ")},
      {false, joined({of, tail, failed, left}, " · ")},
      {false, joined({of, failed, left}, " · ")},
      {false, of},
  };
  return fitting(forms, columns, p.ended, p.all);
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

void ProgressLine::show(const SweepProgress& progress) {
  if (wanted_ && terminal_) show(sweep_bar(progress, terminal_columns()));
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
